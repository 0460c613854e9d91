import { createHash } from 'node:crypto'
import { decodeHeader, encodeHeader, type Header, libp2pPublicKey, rawPublicKey, signedBy } from './block.ts'
import { proposerAddressOf } from './signer.ts'
import { bytesField, fieldsOf, messageField } from './wire.ts'

/** A header as it lies on DA (evnode.md A6). */
export interface HeaderBlob {
  readonly header: Header
  /** sha256 of the header bytes as they lie there, base64. */
  readonly hash: string
  readonly signature: string
  readonly signerAddress: string
  /** libp2p's encoding, base64. */
  readonly signerPubKey: string
  /** The proposer signed this header: anybody can write to DA, so only these count as signed. */
  readonly validSignature: boolean
}

/** The header in a DA blob, or undefined for anything else (data of blocks, strangers' bytes). */
export function decodeHeaderBlob(blob: Buffer): HeaderBlob | undefined {
  const fields = fieldsOf(blob)
  const bytes = (number: number) => fields?.find((field) => field.number === number)?.bytes
  const headerBytes = bytes(1)
  const signer = fieldsOf(bytes(3) ?? Buffer.alloc(0))
  const header = headerBytes && decodeHeader(headerBytes)
  if (header === undefined || headerBytes === undefined || signer === undefined) return undefined
  const signature = bytes(2)?.toString('base64') ?? ''
  const signerAddress = signer.find((field) => field.number === 1)?.bytes?.toString('base64') ?? ''
  const signerPubKey = signer.find((field) => field.number === 2)?.bytes?.toString('base64') ?? ''
  const raw = rawPublicKey(signerPubKey)
  const proposer = raw === undefined ? '' : proposerAddressOf(raw)
  return {
    header,
    hash: createHash('sha256').update(headerBytes).digest('base64'),
    signature,
    signerAddress,
    signerPubKey,
    validSignature:
      proposer === header.proposerAddress &&
      proposer === signerAddress &&
      signedBy(signerPubKey, headerBytes, signature),
  }
}

/**
 * The blob of a header, byte for byte as the node writes it: header, signature over it, signer, and a second
 * signature over the three fields before (seen in every recorded blob). `sign` is Ed25519 with the key `publicKey`.
 */
export function encodeHeaderBlob(header: Header, publicKey: Buffer, sign: (bytes: Buffer) => Buffer): Buffer {
  const headerBytes = encodeHeader(header)
  const signer = [
    bytesField(1, Buffer.from(proposerAddressOf(publicKey), 'base64')),
    bytesField(2, Buffer.from(libp2pPublicKey(publicKey), 'base64')),
  ]
  const signed = Buffer.concat([
    messageField(1, headerBytes),
    bytesField(2, sign(headerBytes)),
    messageField(3, Buffer.concat(signer)),
  ])
  return Buffer.concat([signed, bytesField(4, sign(signed))])
}

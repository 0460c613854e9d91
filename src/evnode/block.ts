import { createHash, createPublicKey, verify } from 'node:crypto'
import { isObject, type Json } from './json.ts'
import { proposerAddressOf } from './signer.ts'
import { bytesField, fieldsOf, messageField, varintField } from './wire.ts'

/** A block header. Byte fields are base64, an absent one is ''. Plain data: it may stand in a journal. */
export interface Header {
  readonly versionBlock: number
  readonly versionApp: number
  readonly height: number
  /** Nanoseconds since 1970, in decimal: too wide for a number. */
  readonly timeNs: string
  readonly lastHeaderHash: string
  readonly dataHash: string
  readonly appHash: string
  readonly proposerAddress: string
  readonly validatorHash: string
  readonly chainId: string
}

/** A block as GetBlock gives it. */
export interface Block {
  readonly header: Header
  /** sha256 of the encoded header, base64. The node does not answer with it (evnode.md A6). */
  readonly hash: string
  readonly signature: string
  readonly signerAddress: string
  /** The signer's public key in libp2p's encoding, base64. */
  readonly signerPubKey: string
  readonly transactionCount: number
  /** DA heights that hold the block; 0 while they are not known. */
  readonly headerDaHeight: number
  readonly dataDaHeight: number
}

const libp2pEd25519 = Buffer.from('08011220', 'hex')
const spkiEd25519 = Buffer.from('302a300506032b6570032100', 'hex')

/** A 64-bit integer of an answer: a decimal string, absent for zero (evnode.md B 5.1); undefined when it is neither. */
export function wholeOf(value: unknown): number | undefined {
  if (value === undefined) return 0
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function textOf(from: Json, name: string): string {
  const value = from[name]
  return typeof value === 'string' ? value : ''
}

/** The block in a GetBlock answer (parsed JSON), or undefined when the answer has another shape. */
export function blockOf(answer: unknown): Block | undefined {
  const header = headerOf(answer)
  const block = isObject(answer) ? answer['block'] : undefined
  if (header === undefined || !isObject(answer) || !isObject(block)) return undefined
  const signed = isObject(block['header']) ? block['header'] : {}
  const signer = isObject(signed['signer']) ? signed['signer'] : {}
  const data = isObject(block['data']) ? block['data'] : {}
  return {
    header,
    hash: blockHash(header),
    signature: textOf(signed, 'signature'),
    signerAddress: textOf(signer, 'address'),
    signerPubKey: textOf(signer, 'pubKey'),
    transactionCount: Array.isArray(data['txs']) ? data['txs'].length : 0,
    headerDaHeight: wholeOf(answer['headerDaHeight']) ?? 0,
    dataDaHeight: wholeOf(answer['dataDaHeight']) ?? 0,
  }
}

/** The header in a GetBlock answer (parsed JSON), or undefined when the answer has another shape (evnode.md B 5.1). */
export function headerOf(answer: unknown): Header | undefined {
  const block = isObject(answer) ? answer['block'] : undefined
  const signed = isObject(block) ? block['header'] : undefined
  const header = isObject(signed) ? signed['header'] : undefined
  if (!isObject(header)) return undefined
  const version = isObject(header['version']) ? header['version'] : {}
  const versionBlock = wholeOf(version['block'])
  const versionApp = wholeOf(version['app'])
  const height = wholeOf(header['height'])
  const timeNs = header['time'] ?? '0'
  if (versionBlock === undefined || versionApp === undefined || height === undefined) return undefined
  if (height === 0 || typeof timeNs !== 'string' || !/^\d{1,20}$/.test(timeNs)) return undefined
  return {
    versionBlock,
    versionApp,
    height,
    timeNs,
    lastHeaderHash: textOf(header, 'lastHeaderHash'),
    dataHash: textOf(header, 'dataHash'),
    appHash: textOf(header, 'appHash'),
    proposerAddress: textOf(header, 'proposerAddress'),
    validatorHash: textOf(header, 'validatorHash'),
    chainId: textOf(header, 'chainId'),
  }
}

/** The header's protobuf encoding: what is hashed and what the proposer signs (evnode.md B 5.1). */
export function encodeHeader(header: Header): Buffer {
  const version = [varintField(1, header.versionBlock), varintField(2, header.versionApp)]
  return Buffer.concat([
    messageField(1, Buffer.concat(version)),
    varintField(2, header.height),
    varintField(3, BigInt(header.timeNs)),
    bytesField(4, Buffer.from(header.lastHeaderHash, 'base64')),
    bytesField(6, Buffer.from(header.dataHash, 'base64')),
    bytesField(8, Buffer.from(header.appHash, 'base64')),
    bytesField(10, Buffer.from(header.proposerAddress, 'base64')),
    bytesField(11, Buffer.from(header.validatorHash, 'base64')),
    bytesField(12, Buffer.from(header.chainId)),
  ])
}

/** The header in protobuf bytes, or undefined when they are none (a data blob, for instance). */
export function decodeHeader(bytes: Buffer): Header | undefined {
  const fields = fieldsOf(bytes)
  const version = fieldsOf(fields?.find((field) => field.number === 1)?.bytes ?? Buffer.alloc(0))
  if (fields === undefined || version === undefined) return undefined
  const integer = (from: typeof fields, number: number) =>
    from.find((field) => field.number === number)?.varint ?? 0n
  const base64 = (number: number) =>
    fields.find((field) => field.number === number)?.bytes?.toString('base64') ?? ''
  const header: Header = {
    versionBlock: Number(integer(version, 1)),
    versionApp: Number(integer(version, 2)),
    height: Number(integer(fields, 2)),
    timeNs: integer(fields, 3).toString(),
    lastHeaderHash: base64(4),
    dataHash: base64(6),
    appHash: base64(8),
    proposerAddress: base64(10),
    validatorHash: base64(11),
    chainId: Buffer.from(base64(12), 'base64').toString(),
  }
  return header.height > 0 && Number.isSafeInteger(header.height) && header.proposerAddress !== ''
    ? header
    : undefined
}

/** The block's hash, base64: sha256 of the encoded header, equal to the next block's lastHeaderHash (evnode.md A6). */
export function blockHash(header: Header): string {
  return createHash('sha256').update(encodeHeader(header)).digest('base64')
}

/** The block's time in milliseconds since 1970, fractions kept: gaps are computed from it. */
export function blockTimeMs(header: Header): number {
  const ns = BigInt(header.timeNs)
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1_000_000
}

/** True when `next` names `previousHash` as the block before it. */
export function linked(previousHash: string, next: Header): boolean {
  return previousHash !== '' && next.lastHeaderHash === previousHash
}

/** The raw 32 bytes of a public key in libp2p's encoding (`08 01 12 20`, then the key), or undefined. */
export function rawPublicKey(pubKeyBase64: string): Buffer | undefined {
  const key = Buffer.from(pubKeyBase64, 'base64')
  const fits = key.length === libp2pEd25519.length + 32 && key.subarray(0, 4).equals(libp2pEd25519)
  return fits ? key.subarray(4) : undefined
}

/** A raw public key of 32 bytes in libp2p's encoding, base64: the `pubKey` of a header's signer. */
export function libp2pPublicKey(raw: Buffer): string {
  return Buffer.concat([libp2pEd25519, raw]).toString('base64')
}

/** True when `signature` (base64) over `bytes` is by the key (libp2p's encoding, base64). Never throws. */
export function signedBy(pubKeyBase64: string, bytes: Buffer, signatureBase64: string): boolean {
  const raw = rawPublicKey(pubKeyBase64)
  const signature = Buffer.from(signatureBase64, 'base64')
  if (raw === undefined || signature.length !== 64) return false
  const key = createPublicKey({ key: Buffer.concat([spkiEd25519, raw]), format: 'der', type: 'spki' })
  return verify(null, bytes, key, signature)
}

/**
 * True when the proposer itself signed this header: a valid Ed25519 signature over the encoded header (seen in every
 * recorded block), and the key's address is the header's proposerAddress (evnode.md B 9).
 */
export function verifySignature(header: Header, signatureBase64: string, pubKeyBase64: string): boolean {
  const raw = rawPublicKey(pubKeyBase64)
  if (raw === undefined || proposerAddressOf(raw) !== header.proposerAddress) return false
  return signedBy(pubKeyBase64, encodeHeader(header), signatureBase64)
}

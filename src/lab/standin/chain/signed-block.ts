import { createHash } from 'node:crypto'
import { encodeHeader, type Header, libp2pPublicKey } from '../../../evnode/block.ts'
import { dataHashOf } from '../../../evnode/block-data.ts'
import { proposerAddressOf } from '../../../evnode/signer.ts'
import { bytesField, messageField, varintField } from '../../../evnode/wire.ts'
import type { Executable } from '../execution/executor.ts'
import type { SigningKey } from '../keys.ts'

/** A block as it lies in the store and goes over the wire. Byte fields are base64. */
export interface SignedBlock {
  readonly header: Header
  readonly signature: string
  /** libp2p's encoding. */
  readonly signerPubKey: string
  readonly transactions: readonly string[]
  /** Hash of the data of the block before. */
  readonly lastDataHash: string
}

/** What a block is made on: the newest block, or the genesis. */
export interface Parent {
  readonly height: number
  readonly hash: string
  readonly dataHash: string
  /** State root after that block, base64. */
  readonly appHash: string
}

export interface BlockInput {
  readonly chainId: string
  readonly parent: Parent
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint
  readonly transactions: readonly string[]
}

/** The header of the next block: the same input gives the same header. */
export function nextHeader({ chainId, parent, timeNs, transactions }: BlockInput, key: SigningKey): Header {
  return {
    versionBlock: 0,
    versionApp: 0,
    height: parent.height + 1,
    timeNs: timeNs.toString(),
    lastHeaderHash: parent.hash,
    dataHash: dataHashOf(transactions.map((transaction) => Buffer.from(transaction, 'base64'))),
    appHash: parent.appHash,
    proposerAddress: proposerAddressOf(key.publicKey),
    validatorHash: '',
    chainId,
  }
}

/** The next block, signed. */
export function signBlock(input: BlockInput, key: SigningKey): SignedBlock {
  const header = nextHeader(input, key)
  return {
    header,
    signature: key.sign(encodeHeader(header)).toString('base64'),
    signerPubKey: libp2pPublicKey(key.publicKey),
    transactions: input.transactions,
    lastDataHash: input.parent.dataHash,
  }
}

/** What an executor is told of a block. */
export function executableOf({ header, transactions }: SignedBlock): Executable {
  const { height, timeNs, appHash } = header
  return { height, timeNs, appHash, transactions }
}

/** A block's data in protobuf: metadata, then transactions (seen in recorded blobs). */
export function encodeData({ header, transactions, lastDataHash }: SignedBlock): Buffer {
  const metadata = Buffer.concat([
    bytesField(1, Buffer.from(header.chainId)),
    varintField(2, header.height),
    varintField(3, BigInt(header.timeNs)),
    bytesField(4, Buffer.from(lastDataHash, 'base64')),
  ])
  const encoded = transactions.map((transaction) => messageField(2, Buffer.from(transaction, 'base64')))
  return Buffer.concat([messageField(1, metadata), ...encoded])
}

/** The hash by which the next block names this one's data: sha256 over a zero byte and the data (seen in recorded blocks). */
export function dataHashOfBlock(block: SignedBlock): string {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([0]), encodeData(block)]))
    .digest('base64')
}

/** The blob of a block's data on DA: data, signature over it, signer (evnode.md A6). */
export function encodeDataBlob(block: SignedBlock, key: SigningKey): Buffer {
  const data = encodeData(block)
  const signer = [
    bytesField(1, Buffer.from(proposerAddressOf(key.publicKey), 'base64')),
    bytesField(2, Buffer.from(libp2pPublicKey(key.publicKey), 'base64')),
  ]
  return Buffer.concat([
    messageField(1, data),
    bytesField(2, key.sign(data)),
    messageField(3, Buffer.concat(signer)),
  ])
}

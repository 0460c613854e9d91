import { createHash } from 'node:crypto'
import { keccak256 } from './keccak.ts'

/** A block of the stand-in client; every value is hex with 0x, as JSON-RPC writes it. */
export interface Block {
  readonly parentHash: string
  readonly feeRecipient: string
  readonly stateRoot: string
  readonly number: string
  readonly gasLimit: string
  readonly gasUsed: string
  readonly timestamp: string
  readonly prevRandao: string
  readonly transactions: readonly string[]
}

/** What a block is built of. */
export interface BlockInput {
  readonly parent: Block
  readonly timestamp: number
  readonly feeRecipient: string
  readonly prevRandao: string
  readonly gasLimit: string
  readonly transactions: readonly string[]
}

export const zeroHash = `0x${'0'.repeat(64)}`
const emptyRoot = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const emptyList = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const noRequests = `0x${createHash('sha256').update('').digest('hex')}`
const noLogs = `0x${'0'.repeat(512)}`
const baseFee = '0x7'
const gasOfTransaction = 21_000

/**
 * The next block. Its state is a digest of the state before, of its transactions and of who got their fees: an empty
 * block leaves it as it was, and two fee recipients part with the first transaction, as on a real chain.
 */
export function nextBlock(input: BlockInput): Block {
  const { parent, timestamp, feeRecipient, prevRandao, gasLimit, transactions } = input
  const state = Buffer.concat([bytes(parent.stateRoot), ...transactions.map(hashed), bytes(feeRecipient)])
  return {
    parentHash: blockHash(parent),
    feeRecipient: feeRecipient.toLowerCase(),
    stateRoot: transactions.length === 0 ? parent.stateRoot : hexOf(keccak256(state)),
    number: quantity(Number(parent.number) + 1),
    gasLimit,
    gasUsed: quantity(transactions.length * gasOfTransaction),
    timestamp: quantity(timestamp),
    prevRandao,
    transactions,
  }
}

/** The block that a genesis file means; its state is a digest of the file's allocations. */
export function genesisBlock(genesis: Readonly<Record<string, unknown>>): Block {
  const text = (name: string, absent: string) => {
    const value = genesis[name]
    return typeof value === 'string' ? value : typeof value === 'number' ? quantity(value) : absent
  }
  return {
    parentHash: zeroHash,
    feeRecipient: text('coinbase', `0x${'0'.repeat(40)}`).toLowerCase(),
    stateRoot: hexOf(keccak256(Buffer.from(JSON.stringify(genesis['alloc'] ?? {})))),
    number: '0x0',
    gasLimit: quantity(Number(text('gasLimit', '0x1c9c380'))),
    gasUsed: '0x0',
    timestamp: quantity(Number(text('timestamp', '0x0'))),
    prevRandao: text('mixHash', zeroHash),
    transactions: [],
  }
}

/** The hash of the header in RLP, with the fields of the Prague fork: a real node computes the very same one. */
export function blockHash(block: Block): string {
  const known = hashes.get(block)
  if (known !== undefined) return known
  const header = headerOf(block)
  const fields = [
    header.parentHash,
    header.sha3Uncles,
    header.miner,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    trimmed(header.difficulty),
    trimmed(header.number),
    trimmed(header.gasLimit),
    trimmed(header.gasUsed),
    trimmed(header.timestamp),
    header.extraData,
    header.mixHash,
    header.nonce,
    trimmed(header.baseFeePerGas),
    header.withdrawalsRoot,
    trimmed(header.blobGasUsed),
    trimmed(header.excessBlobGas),
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ]
  const hash = hexOf(keccak256(rlpList(fields.map((field) => rlpBytes(bytes(field))))))
  hashes.set(block, hash)
  return hash
}

const hashes = new WeakMap<Block, string>()

/** The block's header as `eth_getBlockByNumber` tells it. */
export function headerOf(block: Block) {
  const { transactions } = block
  const list = () => hexOf(keccak256(rlpList(transactions.map((one) => rlpBytes(bytes(one))))))
  const root = transactions.length === 0 ? emptyRoot : list()
  return {
    parentHash: block.parentHash,
    sha3Uncles: emptyList,
    miner: block.feeRecipient,
    stateRoot: block.stateRoot,
    transactionsRoot: root,
    receiptsRoot: root,
    logsBloom: noLogs,
    difficulty: '0x0',
    number: block.number,
    gasLimit: block.gasLimit,
    gasUsed: block.gasUsed,
    timestamp: block.timestamp,
    extraData: '0x',
    mixHash: block.prevRandao,
    nonce: '0x0000000000000000',
    baseFeePerGas: baseFee,
    withdrawalsRoot: emptyRoot,
    blobGasUsed: '0x0',
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: zeroHash,
    requestsHash: noRequests,
  }
}

/** Whole numbers as JSON-RPC writes them. */
export const quantity = (value: number): string => `0x${value.toString(16)}`

export const transactionHash = (transaction: string): string => hexOf(hashed(transaction))

export const hexOf = (data: Uint8Array): string => `0x${Buffer.from(data).toString('hex')}`

const hashed = (transaction: string) => keccak256(bytes(transaction))

const bytes = (hex: string) => Buffer.from(hex.slice(2), 'hex')

/** A number as RLP wants it: no zero before it, nothing for zero. */
export function trimmed(value: string): string {
  const digits = value.slice(2).replace(/^0+/, '')
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

export function rlpBytes(data: Buffer): Buffer {
  const [first = 0] = data
  return data.length === 1 && first < 0x80 ? data : Buffer.concat([rlpLength(data.length, 0x80), data])
}

export function rlpList(items: readonly Buffer[]): Buffer {
  const content = Buffer.concat(items)
  return Buffer.concat([rlpLength(content.length, 0xc0), content])
}

function rlpLength(length: number, offset: number): Buffer {
  if (length < 56) return Buffer.from([offset + length])
  const digits = bytes(trimmed(quantity(length)))
  return Buffer.concat([Buffer.from([offset + 55 + digits.length]), digits])
}

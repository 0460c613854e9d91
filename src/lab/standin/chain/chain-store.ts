import { blockHash } from '../../../evnode/block.ts'
import { isObject } from '../../../evnode/json.ts'
import type { Change } from '../store/batch.ts'
import { Database } from '../store/database.ts'
import { dataHashOfBlock, type Parent, type SignedBlock } from './signed-block.ts'

/** What is known after the newest block. */
export interface Head extends Parent {
  /** Nanoseconds since 1970, in decimal. */
  readonly timeNs: string
}

/** What a block is made of, as it is kept from before its signature until it stands. */
export interface PendingBlock {
  readonly height: number
  /** Nanoseconds since 1970, in decimal. */
  readonly timeNs: string
  readonly transactions: readonly string[]
}

/** Blocks kept in memory: what followers and watchers ask for. */
const cachedBlocks = 64

/** The chain in its database: blocks by height, the state after the newest, and counters. */
export class ChainStore {
  readonly #database: Database
  readonly #cache = new Map<number, SignedBlock>()
  #head: Head

  constructor(dir: string) {
    this.#database = new Database(dir)
    this.#head = this.#readHead()
  }

  /** Height 0 and empty hashes before the first block. */
  get head(): Head {
    return this.#head
  }

  block(height: number): SignedBlock | undefined {
    const cached = this.#cache.get(height)
    if (cached !== undefined) return cached
    const text = this.#database.get(blockKey(height))?.toString()
    return text === undefined ? undefined : (JSON.parse(text) as SignedBlock)
  }

  /** Appends the block after the head; `appHash` is the state root after it. */
  append(block: SignedBlock, appHash: string): void {
    const { height, timeNs } = block.header
    this.#head = { height, hash: blockHash(block.header), dataHash: dataHashOfBlock(block), appHash, timeNs }
    this.#database.write([
      { key: blockKey(height), value: Buffer.from(JSON.stringify(block)) },
      { key: 's', value: Buffer.from(JSON.stringify(this.#head)) },
    ])
    this.#cache.set(height, block)
    this.#cache.delete(height - cachedBlocks)
  }

  /** The state before the first block; a chain that has blocks knows its own. */
  found(appHash: string): void {
    if (this.#head.height === 0) this.#head = { ...this.#head, appHash }
  }

  /** The block that was being made when a process ended, if it is the next one. */
  get pending(): PendingBlock | undefined {
    const text = this.#database.get(pendingKey)?.toString()
    const pending = text === undefined ? undefined : (JSON.parse(text) as PendingBlock)
    return pending?.height === this.#head.height + 1 ? pending : undefined
  }

  /** On the disk before the block is signed: whoever starts on this store makes the very same block (evnode.md B 5.1). */
  setPending(pending: PendingBlock): void {
    this.#database.write([{ key: pendingKey, value: Buffer.from(JSON.stringify(pending)) }])
  }

  /** Takes blocks back, down to a height that is kept. The executor does not follow, as in the real test application. */
  rollBackTo(height: number): void {
    const kept = this.block(height)
    const changes: Change[] = []
    for (let at = height + 1; at <= this.#head.height; at += 1) changes.push({ key: blockKey(at) })
    if (kept === undefined) {
      changes.push({ key: 's' })
    } else {
      const appHash = this.block(height + 1)?.header.appHash ?? ''
      const head: Head = {
        height,
        hash: blockHash(kept.header),
        dataHash: dataHashOfBlock(kept),
        appHash,
        timeNs: kept.header.timeNs,
      }
      changes.push({ key: 's', value: Buffer.from(JSON.stringify(head)) })
    }
    this.#database.write(changes)
    this.#cache.clear()
    this.#head = this.#readHead()
  }

  /** A counter of the store's metadata; undefined while it was never set. */
  counter(key: string): number | undefined {
    const bytes = this.#database.get(`m/${key}`)
    return bytes === undefined ? undefined : Number(bytes.readBigUInt64LE())
  }

  setCounter(key: string, value: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    this.#database.write([{ key: `m/${key}`, value: bytes }])
  }

  close(): void {
    this.#database.close()
  }

  abandon(): void {
    this.#database.abandon()
  }

  #readHead(): Head {
    const text = this.#database.get('s')?.toString()
    const head: unknown = text === undefined ? undefined : JSON.parse(text)
    return isObject(head)
      ? (head as unknown as Head)
      : { height: 0, hash: '', dataHash: '', appHash: '', timeNs: '0' }
  }
}

const pendingKey = 'm/pending_header'

function blockKey(height: number): string {
  return `b/${height}`
}

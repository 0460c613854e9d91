import { verifySignature } from '../../evnode/block.ts'
import { NodeExit } from './exit-with.ts'
import type { Logger } from './logger.ts'
import type { Store, StoredBlock } from './store.ts'

/** So many blocks are asked for at once. */
const fetchCount = 50
const fetchPauseMs = 100
/** Tries to fill one gap before the rest waits for the next block. */
const fetchTries = 100

/** Lays blocks of the leader into the store, as a follower of the real node does, its blind spots included. */
export class Follower {
  readonly #store: Store
  readonly #log: Logger
  readonly #fetch: (height: number, count: number) => Promise<readonly StoredBlock[]>
  readonly #end: (exit: NodeExit) => void
  /** The first mismatch of a process is let pass (evnode.md B 0.3). */
  #tolerated = false
  #queue: Promise<void> = Promise.resolve()

  constructor(
    store: Store,
    log: Logger,
    fetch: (height: number, count: number) => Promise<readonly StoredBlock[]>,
    end: (exit: NodeExit) => void,
  ) {
    this.#store = store
    this.#log = log
    this.#fetch = fetch
    this.#end = end
  }

  take(block: StoredBlock): void {
    this.#queue = this.#queue.then(() => this.#apply(block))
  }

  /** Resolves when everything taken so far lies in the store. */
  settle(): Promise<void> {
    return this.#queue
  }

  async #apply(block: StoredBlock): Promise<void> {
    const { height } = block.header
    for (let tries = 0; this.#store.height + 1 < height && tries < fetchTries; tries++)
      await this.#fillGap(height)
    this.#append(block, 'raft')
  }

  async #fillGap(upTo: number): Promise<void> {
    const from = this.#store.height + 1
    const blocks = await this.#fetch(from, Math.min(fetchCount, upTo - from))
    for (const block of blocks) this.#append(block, 'p2p')
    if (blocks.length === 0) await new Promise((wake) => setTimeout(wake, fetchPauseMs))
  }

  #append(block: StoredBlock, source: string): void {
    const { header } = block
    // At or below its own height a block is dropped without a word: a fork below the head is never seen.
    if (header.height !== this.#store.height + 1) return
    if (!verifySignature(header, block.signature, block.pubKey)) return
    const head = this.#store.hash(this.#store.height)
    if (head !== '' && header.lastHeaderHash !== head) {
      if (this.#tolerated) {
        this.#invalid(header.height)
        return
      }
      this.#tolerated = true
    }
    this.#log.log(
      'info',
      'syncing block',
      { height: header.height, source: source === 'raft' ? '' : source },
      'syncer',
    )
    this.#store.append(block)
  }

  #invalid(height: number): void {
    this.#end(
      new NodeExit(
        `follower worker exited unexpectedly: components started with error: node stopped due to critical execution client failure: invalid state detected (block-height ${height}, state-height ${height - 1}) - block references do not match local state. Manual intervention required: invalid state`,
      ),
    )
  }
}

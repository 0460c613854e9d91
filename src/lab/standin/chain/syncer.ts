import { NodeFailure } from '../failure.ts'
import type { P2p } from '../p2p/p2p.ts'
import type { Node } from './node.ts'
import { executableOf, type SignedBlock } from './signed-block.ts'
import { judge } from './validate.ts'

/** Where a block came from; '' is Raft, as the node logs it (evnode.md B 7.4). */
type Source = '' | 'p2p'

/** Blocks ahead of the head that are kept while the gap is filled. */
const aheadMax = 1_000
const retryMs = 200

/**
 * Lays blocks of others into the store, the real node's blind spots included: what is not above the own head is
 * dropped without a word, and the first block with another parent passes (evnode.md B 2.3).
 */
export class Syncer {
  readonly #node: Node
  readonly #p2p: P2p
  readonly #fail: (failure: NodeFailure) => void
  readonly #blockMs: number
  readonly #ahead = new Map<number, { block: SignedBlock; source: Source }>()
  #tolerated = false
  #filling = false
  #applying = false
  /** Blocks are laid one after the other, wherever they come from: an execution client takes its time. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = false

  /** `blockMs`: each block takes so long, beside what the executor needs for it. */
  constructor(node: Node, p2p: P2p, fail: (failure: NodeFailure) => void, blockMs = 0) {
    this.#node = node
    this.#p2p = p2p
    this.#fail = fail
    this.#blockMs = blockMs
  }

  /** Begins to listen to peers, and asks them for what is missing. */
  start(): void {
    this.#p2p.hear({
      onBlock: (block, peerId) => this.take(block, 'p2p', peerId),
      onHeight: (height, peerId) => {
        if (height > this.#node.store.head.height) this.#fill(height + 1, peerId).catch(() => {})
      },
    })
    for (const peerId of this.#p2p.peerIds()) this.#fill(Number.MAX_SAFE_INTEGER, peerId).catch(() => {})
  }

  /** Takes no more; a block that is being laid is finished. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#p2p.hear(undefined)
    await this.#turn
  }

  /** A block, from wherever. */
  take(block: SignedBlock, source: Source, peerId = ''): void {
    const { store, log } = this.#node
    const { height } = block.header
    if (this.#stopped) return
    if (height <= store.head.height) {
      log.of('syncer').debug('height already processed', { height })
      return
    }
    if (this.#ahead.size < aheadMax && this.#ahead.get(height)?.source !== '')
      this.#ahead.set(height, { block, source })
    this.#applyAhead(peerId).catch(() => {})
  }

  /** Applies the blocks that follow the head without a gap, and asks for what is missing before the others. */
  async #applyAhead(peerId = ''): Promise<void> {
    const { store } = this.#node
    if (this.#applying) return
    this.#applying = true
    try {
      for (;;) {
        const next = this.#ahead.get(store.head.height + 1)
        if (next === undefined || this.#stopped) break
        this.#ahead.delete(next.block.header.height)
        if (!(await this.#apply(next.block, next.source))) break
      }
    } finally {
      this.#applying = false
    }
    for (const height of this.#ahead.keys()) if (height <= store.head.height) this.#ahead.delete(height)
    const below = Math.max(0, ...this.#ahead.keys())
    if (store.head.height + 1 < below) this.#fill(below, peerId).catch(() => {})
  }

  /** False when the block was not taken. */
  #apply(block: SignedBlock, source: Source): Promise<boolean> {
    const laid = this.#turn
      .then(() => this.#lay(block, source))
      .catch((thrown: unknown) => {
        this.#fail(
          critical(
            `failed to execute transactions: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
          ),
        )
        return false
      })
    this.#turn = laid
    return laid
  }

  async #lay(block: SignedBlock, source: Source): Promise<boolean> {
    const { store, executor, log } = this.#node
    const { height } = block.header
    if (this.#stopped || height !== store.head.height + 1) return false
    const verdict = judge(block, store.head)
    if (verdict === 'badSignature') return false
    // Between peers, a header that does not follow the known one is refused before anything else looks at it; one that follows
    // and was made on another state is not (evnode.md B 2.3).
    if (source === 'p2p' && block.header.lastHeaderHash !== store.head.hash) return false
    log.of('syncer').info('syncing block', { height, source })
    if (verdict === 'otherState' || (verdict === 'otherParent' && this.#tolerated)) {
      this.#fail(invalidState(height))
      return false
    }
    if (verdict === 'otherParent') this.#tolerated = true
    store.append(block, await executor.execute(executableOf(block)))
    this.#node.witness.kept(block.header)
    if (this.#blockMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#blockMs))
    return true
  }

  /** Asks peers, that one first, for the blocks between the head and a height. */
  async #fill(below: number, peerId: string): Promise<void> {
    if (this.#filling) return
    this.#filling = true
    const { store } = this.#node
    try {
      while (!this.#stopped && store.head.height + 1 < below) {
        const before = store.head.height
        for (const id of [peerId, ...this.#p2p.peerIds()].filter(Boolean)) {
          const blocks = await this.#p2p.blocksFrom(id, store.head.height + 1, below - 1).catch(() => [])
          for (const block of blocks) await this.#apply(block, 'p2p')
          if (store.head.height > before) break
        }
        await this.#applyAhead()
        if (store.head.height > before) continue
        if (this.#ahead.size === 0) return
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    } finally {
      this.#filling = false
    }
  }
}

const invalidState = (height: number) =>
  critical(
    `invalid state detected (block-height ${height}, state-height ${height - 1}) - block references do not match local state. Manual intervention required: invalid state`,
  )

const critical = (why: string) =>
  new NodeFailure(
    `components started with error: node stopped due to critical execution client failure: ${why}`,
  )

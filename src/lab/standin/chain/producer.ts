import { setTimeout as sleep } from 'node:timers/promises'
import { NodeFailure } from '../failure.ts'
import { readyToProduce } from './executor-start.ts'
import type { Node } from './node.ts'
import { executableOf, type Parent, type SignedBlock, signBlock } from './signed-block.ts'

/** What stands between a signed block and the store: nothing for a single sequencer, the cluster for a leader. */
export interface Broadcast {
  /** Rejects when no block may be made now; asked before each one. */
  readonly before: () => Promise<void>
  /** Resolves when the block may be stored. */
  readonly commit: (block: SignedBlock) => Promise<void>
  /** Told after the block is stored. */
  readonly stored: (block: SignedBlock) => void
}

/** Makes a block each block_time on top of the store's head, as long as the signal lets it. */
export class Producer {
  readonly #node: Node
  readonly #broadcast: Broadcast
  #halted = false

  constructor(node: Node, broadcast: Broadcast) {
    this.#node = node
    this.#broadcast = broadcast
  }

  /** Runs until the signal; a block in flight is finished first. `raftHeight` is the cluster's newest block, 0 without. */
  async run(signal: AbortSignal, raftHeight = 0): Promise<void> {
    const { log, store, settings } = this.#node
    const executor = log.of('executor')
    await readyToProduce(this.#node, raftHeight, signal)
    if (signal.aborted) return
    executor.info('executor started')
    log.of('pruner').info('pruning is disabled, not starting pruner')
    log.of('reaper').info('reaper started', { idle_interval: 1000 })
    log.of('submitter').info('starting DA submission loop')
    log.of('submitter').info('starting DA inclusion processing loop')
    executor.info('starting execution loop')
    log.of('submitter').info('starting DA submission loop')
    const { blockTimeMs } = settings.config
    const sinceLastMs = this.#nowMs() - Number(BigInt(store.head.timeNs) / 1_000_000n)
    await this.#pause(Math.min(blockTimeMs, Math.max(0, blockTimeMs - sinceLastMs)), signal)
    let dueMs = performance.now() + blockTimeMs
    while (!signal.aborted && !this.#halted) {
      await this.#pause(dueMs - performance.now(), signal)
      if (signal.aborted) break
      dueMs = performance.now() + blockTimeMs
      await this.#produce(signal)
    }
    await this.#pause(this.#halted ? Number.POSITIVE_INFINITY : 0, signal)
    executor.info('execution loop stopped')
  }

  async #produce(signal: AbortSignal): Promise<void> {
    const { mempool, log, settings, store } = this.#node
    const executor = log.of('executor')
    const { lazyMode, lazyIntervalMs } = settings.config
    const ageMs = this.#nowMs() - Number(BigInt(store.head.timeNs) / 1_000_000n)
    if (lazyMode && mempool.size === 0 && ageMs < lazyIntervalMs) return
    if (this.#isPendingFull()) {
      executor.warn('pending limit reached, skipping block production')
      return
    }
    try {
      await this.#broadcast.before()
    } catch (thrown) {
      if (!signal.aborted) executor.error('failed to produce block', { error: textOf(thrown) })
      return
    }
    if (!signal.aborted) await this.#make()
  }

  async #make(): Promise<void> {
    const { store, executor: state, key, genesis, mempool, witness, log } = this.#node
    const executor = log.of('executor')
    // A block that was begun and never stood is made again as it was, never another one at its height.
    const begun = store.pending
    const timeNs = begun === undefined ? this.#timeNs() : BigInt(begun.timeNs)
    if (timeNs <= BigInt(store.head.timeNs)) {
      executor.error('CRITICAL: Permanent block validation error - halting block production', {
        error: "block time is not after the last block's",
      })
      this.#halted = true
      return
    }
    const parent = this.#parent()
    const transactions = begun === undefined ? mempool.take() : begun.transactions
    if (begun === undefined)
      store.setPending({ height: parent.height + 1, timeNs: timeNs.toString(), transactions })
    else executor.info('using pending block', { height: begun.height })
    const block = signBlock({ chainId: genesis.chainId, parent, timeNs, transactions }, key)
    const before = state.executesFirst ? await this.#executed(block) : undefined
    witness.signed(block.header)
    try {
      await this.#broadcast.commit(block)
    } catch (thrown) {
      executor.error('failed to produce block', { error: textOf(thrown) })
      return
    }
    store.append(block, before ?? (await state.execute(executableOf(block))))
    witness.kept(block.header)
    executor.info('produced block', { height: block.header.height, txs: transactions.length })
    this.#broadcast.stored(block)
  }

  /** A node that can not have its blocks executed ends. */
  async #executed(block: SignedBlock): Promise<string> {
    try {
      return await this.#node.executor.execute(executableOf(block))
    } catch (thrown) {
      const error = textOf(thrown)
      this.#node.log.of('executor').error('failed to produce block', {
        error: `failed to apply block: failed to execute transactions: ${error}`,
      })
      throw new NodeFailure(
        `components started with error: node stopped due to critical execution client failure: failed to execute transactions: ${error}`,
      )
    }
  }

  #parent(): Parent {
    const { store, genesis } = this.#node
    if (store.head.height > 0) return store.head
    return { height: genesis.initialHeight - 1, hash: '', dataHash: '', appHash: store.head.appHash }
  }

  /** The first block carries the genesis time, all others the clock's. */
  #timeNs(): bigint {
    const { store, genesis } = this.#node
    if (store.head.height === 0) return nsOf(genesis.startTime)
    return BigInt(this.#nowMs()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)
  }

  /** By this host's clock. */
  #nowMs(): number {
    return Date.now() + this.#node.environment.clockOffsetMs
  }

  #isPendingFull(): boolean {
    const { store, settings } = this.#node
    const { maxPending } = settings.config
    const submitted = store.counter('last-submitted-header-height') ?? 0
    return maxPending > 0 && store.head.height - submitted >= maxPending
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    // A timer takes 24 days at most.
    const bounded = Math.min(Math.max(0, ms), 2_000_000_000)
    if (bounded > 0) await sleep(bounded, undefined, { signal }).catch(() => {})
  }
}

/** Nanoseconds since 1970 of a time in RFC 3339, with its nine digits. */
export function nsOf(rfc3339: string): bigint {
  const ms = Date.parse(rfc3339)
  if (Number.isNaN(ms)) throw new NodeFailure(`failed to load genesis: start_time "${rfc3339}" is no time`)
  const digits = /\.(\d{1,9})/.exec(rfc3339)?.[1] ?? ''
  return BigInt(Math.floor(ms / 1000)) * 1_000_000_000n + BigInt(digits.padEnd(9, '0'))
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

import { nodeTiming } from '../../../evnode/timing.ts'
import { SteadyClock } from './steady-clock.ts'

/** The tick of a member, and the moment at which it no longer waits for a leader or for votes. */
export class ElectionTimer {
  readonly clock: SteadyClock
  readonly #tickMs: number
  #deadlineMs = 0
  #ticking: NodeJS.Timeout | undefined

  /** Ticks often enough to see a lease of so many milliseconds run out. */
  constructor(leaseMs: number) {
    this.#tickMs = Math.min(20, Math.max(5, leaseMs / 8))
    // The lab carries many nodes on few cores, so a member with the node's own timeouts may stall. Tighter ones meet a
    // busy host as they would behind the real node: its stall counts (evnode.md A1, A4b).
    const stallsCount = leaseMs < nodeTiming.leaseMs
    this.clock = new SteadyClock(this.#tickMs, stallsCount ? Number.POSITIVE_INFINITY : 2 * this.#tickMs)
  }

  start(onTick: () => void): void {
    this.#ticking = setInterval(() => {
      this.clock.advance()
      onTick()
    }, this.#tickMs)
  }

  stop(): void {
    clearInterval(this.#ticking)
  }

  /** Between once and twice the base from now, so that members do not campaign at the same moment. */
  restart(baseMs: number): void {
    this.#deadlineMs = this.clock.nowMs + baseMs * (1 + Math.random())
  }

  get isOver(): boolean {
    return this.clock.nowMs >= this.#deadlineMs
  }
}

/**
 * How long this process's own event loop stood still lately. The real node has no such pauses; a stand-in on a busy
 * machine must not lose its leadership over them, so waits for others are lengthened by what was our own fault.
 */
export class LoopLag {
  #lastMs = performance.now()
  #lagMs = 0
  readonly #timer: NodeJS.Timeout

  constructor(everyMs = 20) {
    this.#timer = setInterval(() => {
      const now = performance.now()
      const late = now - this.#lastMs - everyMs
      this.#lastMs = now
      // Decays, so that one pause is forgiven once.
      this.#lagMs = Math.max(late, this.#lagMs * 0.9)
    }, everyMs)
    this.#timer.unref()
  }

  get ms(): number {
    return this.#lagMs < 5 ? 0 : this.#lagMs
  }
}

/**
 * A clock that stands still while this process does. Leases and elections are counted on it, so that a process that
 * did not get to run does not take its own silence for that of the others: after a stall the messages that waited are
 * read before more time has passed.
 */
export class SteadyClock {
  readonly #stepMaxMs: number
  #nowMs = 0
  #readMs = performance.now()

  /** Infinity for `stepMaxMs`: every stall counts. */
  constructor(tickMs: number, stepMaxMs = 2 * tickMs) {
    this.#stepMaxMs = stepMaxMs
  }

  /** Called once a tick. */
  advance(): void {
    const real = performance.now()
    this.#nowMs += Math.min(real - this.#readMs, this.#stepMaxMs)
    this.#readMs = real
  }

  /** Milliseconds since the beginning, as of the last tick. */
  get nowMs(): number {
    return this.#nowMs
  }
}

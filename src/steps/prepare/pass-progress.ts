import type { StepContext } from '../step.ts'

/** A line of progress at most this often. */
const tellEveryMs = 1_000

/** Tells how a pass gets on, in bytes read from the source: moved, rate, left. Quiet when it is over within a second. */
export class PassProgress {
  readonly #context: Pick<StepContext, 'now' | 'passing'>
  readonly #what: string
  readonly #total: number
  readonly #moved: number[]
  readonly #startedMs: number
  #toldMs: number

  /** `what` is done, in a word or two; `totals` is what each stream is expected to move, bytes. */
  constructor(context: Pick<StepContext, 'now' | 'passing'>, what: string, totals: readonly number[]) {
    this.#context = context
    this.#what = what
    this.#total = totals.reduce((sum, bytes) => sum + bytes, 0)
    this.#moved = totals.map(() => 0)
    this.#startedMs = context.now()
    this.#toldMs = this.#startedMs
  }

  /** So many bytes of stream `k` have gone through by now. */
  moved(k: number, bytes: number): void {
    this.#moved[k] = bytes
    const nowMs = this.#context.now()
    if (nowMs - this.#toldMs < tellEveryMs) return
    this.#toldMs = nowMs
    this.#context.passing(this.#line(nowMs))
  }

  #line(nowMs: number): string {
    const moved = this.#moved.reduce((sum, one) => sum + one, 0)
    const perSecond = (moved / (nowMs - this.#startedMs)) * 1_000
    // Headers and block padding come on top of the content.
    const left = Math.max(0, this.#total - moved)
    const eta = perSecond > 0 ? `, about ${Math.ceil(left / perSecond)} s left` : ''
    return `${this.#what}: ${mib(moved)} of ${mib(Math.max(this.#total, moved))} MiB at ${mib(perSecond)} MiB/s${eta}`
  }
}

const mib = (bytes: number) => (bytes / 1_048_576).toFixed(1)

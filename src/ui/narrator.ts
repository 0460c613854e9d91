import type { Failure } from '../base/errors.ts'
import type { StateView } from '../machine/decider.ts'
import type { Observer, OpenWindow } from '../run/observer.ts'
import { widthOf, wrap } from './columns.ts'
import { duration } from './figures.ts'
import { printable } from './printable.ts'
import { type Palette, plain, type TextSink } from './style.ts'

/** The run as the narrator knows it. */
export type Told = Parameters<Observer['opened']>[0]

const phaseWidth = 10
/** What only says how far something is gets a line so often. */
const passingEveryMs = 5_000
const indent = ' '.repeat(phaseWidth)

/**
 * Tells a run line by line: each state with its sentence, what goes on inside it, how long it took, what failed.
 * Lines only: the same words for a terminal and for a log, so that nothing that was shown is ever wiped out.
 */
export class Narrator implements Observer {
  readonly #out: TextSink
  readonly #palette: Palette
  #run: Told | null = null
  #state: StateView | null = null
  #lastProgress = ''
  #passedMs = 0

  constructor(out: TextSink, palette: Palette = plain) {
    this.#out = out
    this.#palette = palette
  }

  /** The run that was opened, once there is one. */
  get run(): Told | null {
    return this.#run
  }

  /** The state the run is in. */
  get state(): StateView | null {
    return this.#state
  }

  opened(run: Told): void {
    this.#run = run
    const verb = run.resumed ? 'going on with' : 'beginning'
    this.#write(`${verb} run ${this.#palette.strong(printable(run.id))}`)
    this.#write(`journal and log: ${run.dir}`)
  }

  entered(state: StateView, _window: OpenWindow | null): void {
    this.#state = state
    this.#lastProgress = ''
    const [first = '', ...rest] = this.#wrapped(state.says)
    this.#write(`${this.#phase(state)(state.phase.padEnd(phaseWidth))}${first}`)
    for (const line of rest) this.#write(indent + line)
  }

  progress(text: string): void {
    if (text === this.#lastProgress) return
    this.#lastProgress = text
    for (const line of this.#wrapped(text)) this.#write(indent + this.#palette.dim(line))
  }

  passing(text: string): void {
    const nowMs = Date.now()
    if (nowMs - this.#passedMs < passingEveryMs) return
    this.#passedMs = nowMs
    this.progress(text)
  }

  heights(_newest: Readonly<Record<string, number>>): void {
    // Lines tell what happens; heights are in the journal, and in `status --watch`.
  }

  /** Words of somebody else, as lines of their own. */
  say(lines: readonly string[]): void {
    if (lines.length > 0) this.#write(lines.join('\n'))
  }

  /** Lets somebody else have the terminal for a while. */
  aside<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }

  /** Nothing is told any more. */
  end(): void {}

  left(_state: StateView, durationMs: number): void {
    const mark = this.#out.isTTY === true ? '✓' : 'ok'
    this.#write(`${indent}${this.#palette.good(mark)} ${duration(durationMs)}`)
  }

  failed(_state: StateView, failure: Failure, willRetry: boolean): void {
    // What it changed and what to type stand once, in the last lines of the run.
    for (const line of this.#wrapped(failure.message)) this.#write(indent + this.#palette.bad(line))
    if (willRetry) this.#write(`${indent}tried again by itself`)
  }

  #phase(state: StateView): (text: string) => string {
    if (state.tags.has('unsafe')) return this.#palette.bad
    if (state.tags.has('chain-stopped')) return this.#palette.warn
    return this.#palette.strong
  }

  #wrapped(text: string): string[] {
    return wrap(printable(text), widthOf(this.#out) - phaseWidth)
  }

  #write(line: string): void {
    this.#out.write(`${line}\n`)
  }
}

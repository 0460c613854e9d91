import type { MigrateEvent } from '../machine/context.ts'
import type { RunEvent } from '../machine/decider.ts'
import type { DeadMen } from './dead-men.ts'
import { noAlarm, type Watch } from './watch.ts'

/** What comes before everything else the run was about to do, and why. */
export type Voiding = Extract<MigrateEvent, { readonly type: 'SIGNED_TWICE' | 'DEAD_MAN' }>

/** What voids a step, a question or an answer: a height signed twice, a source that has gone back by itself. */
export class Voids {
  readonly #watch: Watch
  readonly #deadMen: DeadMen
  readonly #refuses: (event: RunEvent) => boolean

  /** `refuses`: true when the event has no edge where the run stands. */
  constructor(watch: Watch, deadMen: DeadMen, refuses: (event: RunEvent) => boolean) {
    this.#watch = watch
    this.#deadMen = deadMen
    this.#refuses = refuses
  }

  /** A height was signed twice; null when none was, or the state does not heed it. */
  get twice(): Voiding | null {
    const { alarm } = this.#watch
    return alarm === null ? null : this.#heeded({ type: 'SIGNED_TWICE', ...alarm })
  }

  /** The source has gone back by itself; null when it has not, or the state does not heed it. */
  get back(): Voiding | null {
    const { failure } = this.#deadMen
    return failure === null ? null : this.#heeded({ type: 'DEAD_MAN', failure })
  }

  /** Abort a step when it is void. */
  get signals(): readonly AbortSignal[] {
    return [...this.#deadMen.signals, ...this.#alarms]
  }

  /** True once a height was signed twice, where the state heeds it. */
  get isAlarmed(): boolean {
    return this.#alarms.some(({ aborted }) => aborted)
  }

  /**
   * None while the decision falls or is read: which way it went is seen first. None on a way back: it leaves one
   * writer.
   */
  get #alarms(): readonly AbortSignal[] {
    return this.#refuses({ type: 'SIGNED_TWICE', ...noAlarm }) ? [] : [this.#watch.signal]
  }

  #heeded(event: Voiding): Voiding | null {
    return this.#refuses(event) ? null : event
  }
}

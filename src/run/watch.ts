import { setMaxListeners } from 'node:events'
import { EvhaError, type Failure, failureOf } from '../base/errors.ts'
import type { SignedTwice } from '../machine/context.ts'
import type { StateView } from '../machine/decider.ts'
import type { StepContext, Watched } from '../steps/step.ts'
import { ChainLook } from '../steps/watch/look.ts'
import type { Clock } from './clock.ts'

/** From one round over nodes and DA to the next. */
const everyMs = 1_000

/** A height that was signed twice, and what it means for the run. */
export type Alarm = SignedTwice & { readonly failure: Failure }

/** Of the shape of one, to ask the machine whether it would heed it. */
export const noAlarm: Alarm = { heights: [], seen: [], proofs: [], failure: failureFor([], '') }

/**
 * Watches the chain from before the stop to the end of the soak, whatever the run does meanwhile: heads and headers of
 * all nodes and of DA. A height with two signatures is an alarm, for good.
 */
export class Watch {
  readonly #run: string
  readonly #clock: Clock
  readonly #contextOf: (view: StateView, signal: AbortSignal) => StepContext
  readonly #alarm = new AbortController()
  readonly #look = new ChainLook()
  #view: StateView | null = null
  #over: AbortController | null = null
  #ended: Promise<void> = Promise.resolve()
  #waiting: (() => void)[] = []
  #hasFailed = false

  constructor(run: string, clock: Clock, contextOf: (view: StateView, signal: AbortSignal) => StepContext) {
    this.#run = run
    this.#clock = clock
    this.#contextOf = contextOf
    setMaxListeners(0, this.#alarm.signal)
  }

  /** Begins and ends with the state of the run. */
  follow(view: StateView): void {
    this.#view = view
    if (!isWatchedIn(view)) this.#stop()
    else if (this.#over === null && this.alarm === null) this.#start()
  }

  /** Aborts with the alarm. */
  get signal(): AbortSignal {
    return this.#alarm.signal
  }

  /** Null as long as every height has one header. */
  get alarm(): Alarm | null {
    const { signatures } = this.#look
    const heights = signatures.twice()
    if (heights.length === 0) return null
    const seen = signatures.told()
    return { heights, seen, proofs: signatures.proofs(), failure: failureFor(seen, this.#run) }
  }

  /** Resolves with the end of a whole round that begins after this call. */
  async watched(): Promise<Watched> {
    // One that is under way has begun before.
    for (let round = 0; round < 2; round++)
      await new Promise<void>((resolve) => {
        if (this.#over === null) resolve()
        else this.#waiting.push(resolve)
      })
    return { daRead: this.#look.daRead }
  }

  async end(): Promise<void> {
    this.#stop()
    await this.#ended
  }

  #start(): void {
    const over = new AbortController()
    setMaxListeners(0, over.signal)
    this.#over = over
    this.#ended = this.#ended.then(() => this.#rounds(over.signal))
  }

  #stop(): void {
    this.#over?.abort()
    this.#over = null
    this.#release()
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  async #rounds(over: AbortSignal): Promise<void> {
    while (!over.aborted && this.#view !== null) {
      const context = this.#contextOf(this.#view, over)
      // Whatever a round fails at, the run is not to end for it, nor the watch: it is told once.
      await this.#look.round(context).catch((thrown: unknown) => {
        if (over.aborted || this.#hasFailed) return
        this.#hasFailed = true
        context.tell(`the watch for heights signed twice could not look: ${failureOf(thrown).message}`)
      })
      if (this.#look.signatures.twice().length > 0) {
        this.#alarm.abort()
        this.#stop()
        return
      }
      this.#release()
      await this.#clock.sleep(everyMs, over).catch(() => undefined)
    }
  }
}

/** From the moment the dead-men are armed, before the fence and the stop, until finish removes the way back. */
function isWatchedIn({ path, phase, gate, context }: StateView): boolean {
  if (context.facts.arm === undefined) return false
  if (phase === 'window') return path !== 'window.arm'
  return (
    phase === 'commit' || gate === 'commit' || gate === 'finish' || ['verifyElection', 'soak'].includes(path)
  )
}

function failureFor(seen: readonly string[], run: string): Failure {
  return failureOf(
    new EvhaError({
      kind: 'contradiction',
      message: seen.join('; '),
      changedAnything: 'yes',
      retryable: false,
      hint: `every node is stopped and none starts by itself; read \`evha report ${run}\`, find out who signed, then \`evha abort\` before the commit or \`evha rollback\` after it`,
    }),
  )
}

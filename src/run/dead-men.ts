import { EvhaError, type Failure, failureOf } from '../base/errors.ts'
import type { StateView } from '../machine/decider.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import { beatAnswers, putDeadManOff } from '../steps/dead-man/commands.ts'
import type { Facts } from '../steps/facts.ts'
import type { Host } from '../steps/step.ts'
import { keyOf } from '../steps/window/arm.ts'
import type { Clock } from './clock.ts'
import { Heartbeat } from './heartbeat.ts'

const everyMs = 1_000
/** The window goes on once the source has answered the first beat; a source that does not is found out by its steps. */
const firstAnswerMaxMs = 5_000

interface Armed {
  readonly attempt: number
  readonly heartbeat: Heartbeat
  /** Aborts when the dead-man of the source is no longer armed. */
  readonly gone: AbortController
  /** Resolves with the first answer of the source. */
  readonly answered: Promise<void>
}

/**
 * The workstation's side of the dead-men: puts them off every second while the run is in its window and has not turned
 * back, and finds out when the one of the source has acted. It lets go of them as soon as the run turns back, so that
 * a way back that takes too long is overtaken by the hosts.
 */
export class DeadMen {
  readonly #run: string
  readonly #runbook: LoadedRunbook
  readonly #hosts: readonly Host[]
  readonly #clock: Clock
  readonly #tell: (text: string) => void
  #armed: Armed | null = null
  #letGo: Promise<unknown> = Promise.resolve()

  constructor(
    run: string,
    runbook: LoadedRunbook,
    hosts: readonly Host[],
    clock: Clock,
    tell: (text: string) => void,
  ) {
    this.#run = run
    this.#runbook = runbook
    this.#hosts = hosts
    this.#clock = clock
    this.#tell = tell
  }

  /** Begins and ends with the state of the run; after the beginning it waits for the source's first answer. */
  async follow(view: StateView): Promise<void> {
    const wanted = isPutOffIn(view)
    if (!wanted || this.#armed?.attempt !== view.context.attempt) this.#stop()
    if (!wanted || this.#armed !== null) return
    this.#armed = this.#start(view)
    const waited = new AbortController()
    const late = this.#clock.sleep(firstAnswerMaxMs, waited.signal).catch(() => undefined)
    await Promise.race([this.#armed.answered, late])
    waited.abort()
  }

  /** Aborts when the source has gone back by itself: whatever is under way in the window is void then. None outside of it. */
  get signals(): readonly AbortSignal[] {
    return this.#armed === null ? [] : [this.#armed.gone.signal]
  }

  /** Why the run turns back, once the source has gone back by itself; null as long as it has not. */
  get failure(): Failure | null {
    if (this.#armed?.gone.signal.aborted !== true) return null
    const { source, window } = this.#runbook
    return failureOf(
      new EvhaError({
        kind: 'interrupted',
        message: `${source.name} has gone back by itself: its dead-man heard nothing of this workstation for ${window.deadManSeconds} s, or the host was rebooted`,
        changedAnything: 'yes',
        retryable: true,
        hint: `\`evha resume ${this.#run}\` makes the next attempt`,
      }),
    )
  }

  async end(): Promise<void> {
    this.#stop()
    await this.#letGo
  }

  #stop(): void {
    if (this.#armed === null) return
    this.#letGo = Promise.all([this.#letGo, this.#armed.heartbeat.stop()])
    this.#armed = null
  }

  #start({ context }: StateView): Armed {
    const { attempt } = context
    const gone = new AbortController()
    let answer: () => void = () => undefined
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { source, window } = this.#runbook
    const facts = context.facts as Partial<Facts>
    const key = keyOf({ run: this.#run, attempt, epoch: 0, facts })
    const listeners = this.#hosts.map(({ spec, remote }) => ({
      remote,
      command: putDeadManOff(spec, key, window.deadManSeconds),
    }))
    const heartbeat = new Heartbeat(listeners, {
      clock: this.#clock,
      everyMs,
      heard: (host, said) => {
        if (host !== source.name) return
        if (said === beatAnswers.gone) gone.abort()
        answer()
      },
      silent: (host, silentMs) => this.#tell(silence(host, silentMs, window.deadManSeconds)),
    })
    return { attempt, heartbeat, gone, answered }
  }
}

function silence(host: string, silentMs: number | null, deadManSeconds: number): string {
  if (silentMs === null) return `${host} answers the heartbeat again`
  return `${host} has not answered the heartbeat for ${Math.round(silentMs / 1_000)} s; ${deadManSeconds} s after the last one its dead-man goes back by itself`
}

/** From the end of arm to the decision, as long as the run goes forward. */
function isPutOffIn({ path, phase, context }: StateView): boolean {
  if (context.facts.arm === undefined) return false
  const forward = phase === 'window' && path !== 'window.arm'
  return forward || path === 'gate.commit' || path === 'commit.decide'
}

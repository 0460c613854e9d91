import type { Failure } from '../base/errors.ts'
import type { Gate, StepName } from '../base/names.ts'
import type { Approval } from '../machine/context.ts'
import type { RunEvent, StateView } from '../machine/decider.ts'
import type { Weighed } from '../steps/facts.ts'
import type { DriveOptions } from './api.ts'
import type { Clock } from './clock.ts'
import { gateIrreversible } from './gate-words.ts'
import type { Hooks } from './hooks.ts'
import type { Answer } from './observer.ts'
import type { OpenRun } from './open-run.ts'
import type { Stop } from './stop.ts'
import type { WindowBudget } from './window-budget.ts'
import type { Wishes } from './wishes.ts'

/** Evidence older than this is weighed again before an approval is taken. */
const freshMs = 10_000

/** The run where it stands at a gate, lent by who drives it. */
export interface AtGate {
  readonly view: StateView
  readonly gate: Gate
  readonly window: WindowBudget
  /** What voids question and answer: a host that went back by itself, a height signed twice. */
  readonly gone: readonly AbortSignal[]
  /** True when the event has no edge here. */
  refuses(event: RunEvent): boolean
  give(event: RunEvent): void
  weighedAtMs(): number
  /** Weighs the evidence once more; false in `same` when the run is at this gate no longer. */
  weighAgain(): Promise<{ readonly stop: Stop | null; readonly same: boolean }>
  hookFailed(failure: Failure): Stop
}

/** An answer that counts, and who gave it after how long. */
interface Answered {
  readonly answer: Answer
  readonly by: Approval['by']
  readonly waitedMs: number
  /** True when a wish from elsewhere, or a lost host, has crossed the answer since. */
  readonly isVoid: () => boolean
}

/** Asks at the gates of a run, and gives the machine the answer; an approval is on the disk before it counts. */
export class Gates {
  readonly #run: OpenRun
  readonly #options: DriveOptions
  readonly #hooks: Hooks
  readonly #wishes: Wishes
  readonly #clock: Clock

  constructor(run: OpenRun, options: DriveOptions, hooks: Hooks, wishes: Wishes, clock: Clock) {
    this.#run = run
    this.#options = options
    this.#hooks = hooks
    this.#wishes = wishes
    this.#clock = clock
  }

  /** Gives why the run stops at the gate, or null when it goes on from here: past it, back, or to ask again. */
  async ask(at: AtGate): Promise<Stop | null> {
    // The digest that is shown: should the evidence be another later, the approval is void.
    const digest = at.view.context.evidence[at.gate] as string
    const weighed = at.view.context.facts[at.view.work as StepName] as Weighed
    const answered = await this.#answer(at, weighed)
    // A wish that crossed the answer counts more than the answer; so it does once more, right before it is taken.
    if (answered.isVoid()) return null
    if (answered.answer !== 'approved') return this.#turn(at, answered.answer)
    const refused = at.gate === 'cutover' ? await this.#beforeCutover(at) : null
    if (refused !== null) return refused
    if (this.#clock.now() - at.weighedAtMs() > freshMs) {
      const again = await at.weighAgain()
      if (again.stop !== null || !again.same) return again.stop
    }
    if (answered.isVoid()) return null
    this.#approve(at, digest, weighed, answered)
    return null
  }

  async #answer(at: AtGate, { evidence }: Weighed): Promise<Answered> {
    const { view, gate, gone } = at
    const { chain } = this.#run.runbook
    const deadlineMs = gate === 'commit' ? at.window.deadlineMs : null
    const confirmed = this.#options.confirms.get(gate) === chain
    const askedMs = this.#clock.now()
    const asked = this.#wishes.watch(view, !at.refuses({ type: 'ABORT' }), ['abort', 'pause'])
    const isVoid = () => asked.asked() || gone.some(({ aborted }) => aborted)
    const irreversible = gateIrreversible[gate]
    const answer = confirmed
      ? 'approved'
      : await this.#options.approver.ask(
          { gate, chain, evidence, irreversible, ...(deadlineMs === null ? {} : { deadlineMs }) },
          AbortSignal.any([this.#options.stopNow, asked.signal, ...gone]),
        )
    asked.release()
    const waitedMs = confirmed ? 0 : this.#clock.now() - askedMs
    return { answer, by: confirmed ? '--confirm' : 'terminal', waitedMs, isVoid }
  }

  /** Nobody approved: at the second gate that means going back, elsewhere the run waits. */
  #turn({ gate, window, refuses, give }: AtGate, answer: Answer): Stop | null {
    if (gate === 'commit') {
      const { isSpent, whySpent } = window
      give(isSpent ? { type: 'BUDGET_SPENT', failure: whySpent } : { type: 'DECLINE', gate })
      return null
    }
    if (gate === 'rollback' && answer === 'declined' && !refuses({ type: 'DECLINE', gate })) {
      give({ type: 'DECLINE', gate })
      return null
    }
    return { why: 'waiting', gate }
  }

  /** The last hook that can stop the run: the chain still runs, and the budget does not count yet. */
  async #beforeCutover({ view, hookFailed }: AtGate): Promise<Stop | null> {
    const failure = await this.#hooks.call('beforeCutover', view)
    if (failure !== null) return hookFailed(failure)
    return this.#options.stopSoon() ? { why: 'paused' } : null
  }

  /** The approval holds only while the gate still shows the digest it was given for. */
  #approve({ gate, refuses, give }: AtGate, digest: string, { evidence }: Weighed, answered: Answered): void {
    const { by, waitedMs } = answered
    const { chain } = this.#run.runbook
    const event = { type: 'APPROVE', gate, chain, digest, by } as const
    if (refuses(event)) {
      this.#options.observer.progress(
        'what the approval was bound to has changed; it is void, and asked for again',
      )
      return
    }
    // On the disk with the event that it gives the machine.
    this.#run.journal.appendWithNext({
      type: 'approval',
      gate,
      by: whoApproves(by),
      how: by,
      digest,
      chain,
      evidence,
      waitedMs,
    })
    give(event)
  }
}

const whoApproves = (by: string) => (by === 'terminal' ? 'operator at the terminal' : 'operator by flag')

import type { Failure } from '../base/errors.ts'
import type { StateView } from '../machine/decider.ts'
import type { Facts } from '../steps/facts.ts'
import type { Clock } from './clock.ts'
import { type Deadline, untilDeadline } from './deadline.ts'
import type { OpenWindow } from './observer.ts'
import type { OpenRun } from './open-run.ts'
import { windowDeadline } from './rebuild.ts'

/** The budget of a run's cutover window: it begins with the approval at the first gate, and counts up to the decision. */
export class WindowBudget {
  readonly #run: Pick<OpenRun, 'journal' | 'runbook'>
  readonly #clock: Clock

  constructor(run: Pick<OpenRun, 'journal' | 'runbook'>, clock: Clock) {
    this.#run = run
    this.#clock = clock
  }

  /** All that there is, ms. */
  get budgetMs(): number {
    return this.#run.runbook.window.budgetSeconds * 1_000
  }

  /** When it is spent, epoch ms; null before the window is opened. */
  get deadlineMs(): number | null {
    return windowDeadline(this.#run.journal.records, this.#run.runbook.window.budgetSeconds)
  }

  /** True once it is spent. */
  get isSpent(): boolean {
    const { deadlineMs } = this
    return deadlineMs !== null && this.#clock.now() >= deadlineMs
  }

  /** Why the run turns back when it is spent. */
  get whySpent(): Failure {
    return budgetSpent(this.#run.runbook.window.budgetSeconds)
  }

  /** The window as a watcher is told of it; null while the chain runs and nothing counts. */
  openIn(view: StateView): OpenWindow | null {
    if (!budgetCounts(view) && !view.tags.has('chain-stopped')) return null
    const { stopSource } = view.context.facts as Partial<Facts>
    return {
      stoppedSinceMs: stopSource?.stopAtMs ?? null,
      deadlineMs: budgetCounts(view) ? this.deadlineMs : null,
    }
  }

  /** What ends a step: the budget before the point of no return, after it nothing but the operator by `stopNow`. */
  signalIn(view: StateView, stopNow: AbortSignal): Deadline {
    return untilDeadline(this.#clock, stopNow, budgetCounts(view) ? this.deadlineMs : null)
  }
}

/** True where the budget counts: in the window, and at the gate to the decision. */
export const budgetCounts = ({ phase, gate }: StateView) => phase === 'window' || gate === 'commit'

const budgetSpent = (seconds: number): Failure => ({
  kind: 'budget',
  message: `the window's budget of ${seconds} s is spent`,
  changedAnything: 'yes',
  retryable: true,
  hint: '`evha report` says which step took so long; raise window.budgetSeconds if it needs more, then `evha resume`',
})

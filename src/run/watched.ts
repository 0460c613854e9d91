import { findRun } from '../journal/runs.ts'
import { viewOf } from '../machine/decider.ts'
import type { Facts } from '../steps/facts.ts'
import type { Status, StepReport } from './api.ts'
import { type Live, readLive } from './live.ts'
import { readRun, snapshotOf, windowDeadline } from './rebuild.ts'
import { reportOf, statusOf } from './report.ts'
import { budgetCounts } from './window-budget.ts'

/** A run as `status --watch` shows it; with --json one object for each change. */
export interface Watched extends Status {
  readonly stateDir: string
  readonly gate: string | null
  /** False once the run can not go on any more. */
  readonly open: boolean
  /** True when `abort` is too late. */
  readonly irreversible: boolean
  /** Since when no sequencer produces, epoch ms by the source's clock; null while one does. */
  readonly stoppedSinceMs: number | null
  /** When the window's budget is spent, epoch ms; null outside of it. */
  readonly deadlineMs: number | null
  readonly live: Live | null
  /** The last steps that ended. */
  readonly steps: readonly StepReport[]
}

const stepsShown = 6

/** Looks at a run from outside, from its files alone; as often as one likes. */
export function watchedOf(stateDir: string, run?: string): Watched {
  const stored = readRun(findRun(stateDir, run))
  const view = viewOf(snapshotOf(stored))
  const status = statusOf(stateDir, stored.header.run)
  const stop = (view.context.facts as Partial<Facts>).stopSource
  return {
    ...status,
    stateDir,
    gate: view.gate,
    open: !view.final,
    irreversible: view.tags.has('irreversible'),
    stoppedSinceMs: view.tags.has('chain-stopped') ? (stop?.stopAtMs ?? null) : null,
    deadlineMs: budgetCounts(view)
      ? windowDeadline(stored.records, stored.runbook.window.budgetSeconds)
      : null,
    live: status.running ? readLive(stored.files.dir) : null,
    steps: reportOf(stateDir, stored.header.run).steps.slice(-stepsShown),
  }
}

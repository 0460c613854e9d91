// Who types at a workstation: which command is next, by what the journal there has.
import type { Gate } from '../../src/base/names.ts'
import { listRuns, type RunFiles } from '../../src/journal/runs.ts'
import { viewOf } from '../../src/machine/decider.ts'
import { readRun, snapshotOf } from '../../src/run/rebuild.ts'
import type { Cell, Goal } from './cells.ts'
import type { Point } from './points.ts'

export type Verb = Point['by']

export const confirmed: { readonly [K in Goal]: readonly Gate[] } = {
  migrate: ['cutover', 'commit', 'finish'],
  'go on': ['cutover', 'commit', 'finish'],
  'go on elsewhere': ['cutover', 'commit', 'finish'],
  'abort in the window': ['cutover'],
  'abort from there': ['cutover'],
  'roll back': ['cutover', 'commit', 'rollback'],
}

/** The gates that are opened while these wait: the second one before an abort only for the strike that falls as it is being opened. */
export const opened = (goal: Goal, waiting: readonly Cell[]): readonly Gate[] =>
  goal === 'abort from there' && waiting.some(({ point }) => point.what === 'approval commit')
    ? [...confirmed[goal], 'commit']
    : confirmed[goal]

export const goneWell: { readonly [K in Goal]: string } = {
  migrate: 'done',
  'go on': 'done',
  'go on elsewhere': 'done',
  'abort in the window': 'aborted',
  'abort from there': 'aborted',
  'roll back': 'rolledBack',
}

export const afterCommit =
  /^(commit\.(start|rest)|verifyElection|soak|gate\.finish|gate\.rollback|finish$|done$|rollback|rolledBack)/

export const isAbort = (goal: Goal): boolean => goal === 'abort in the window' || goal === 'abort from there'

/**
 * What the operator types.
 * @param begun the run is on the hosts, from another workstation
 * @param waiting what strikes yet: by it is known which of two ways there is still something to be struck on
 */
export function verbFor(
  goal: Goal,
  standing: Standing | null,
  begun: boolean,
  waiting: readonly Cell[],
): Verb {
  if (standing === null) return begun ? 'adopt' : 'migrate'
  const { state } = standing
  const late = afterCommit.test(state)
  if (goal === 'roll back') return late ? 'rollback' : 'resume'
  if (goal === 'go on elsewhere') return waiting.length > 0 ? 'adopt' : 'resume'
  if (!isAbort(goal) || late) return 'resume'
  const forward = goal === 'abort in the window' && waiting.some(({ point }) => point.by !== 'abort')
  return forward ? 'resume' : 'abort'
}

/** Where the run stands at a workstation. */
export interface Standing {
  readonly run: string
  readonly state: string
  readonly final: boolean
}

/** The first run that got further than its check, else the first; null where there is none. A later one was typed by somebody else. */
export function standingIn(stateDir: string, over: ReadonlySet<string> = new Set()): Standing | null {
  const runs = listRuns(stateDir).filter(({ run }) => !over.has(run))
  const standing = runs.flatMap((files) => standingOf(files)).reverse()
  return standing.find(({ state }) => state !== 'check') ?? standing[0] ?? null
}

/** Where one run stands at a workstation; null where it is not known. */
export const standingOfRun = (stateDir: string, run: string): Standing | null =>
  listRuns(stateDir)
    .filter((files) => files.run === run)
    .flatMap(standingOf)[0] ?? null

function standingOf(files: RunFiles): Standing[] {
  try {
    const { path, final } = viewOf(snapshotOf(readRun(files)))
    return [{ run: files.run, state: path, final }]
  } catch {
    return []
  }
}

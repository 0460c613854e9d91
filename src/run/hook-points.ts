import type { HookName } from '../base/names.ts'
import type { StateView } from '../machine/decider.ts'

/** What a hook is there for. */
export interface HookPoint {
  /** When it is called, for the reader of docs/hooks.md. */
  readonly when: string
  /**
   * `stops`: it is waited for, and its failure stops the run while the chain still runs.
   * `told`: it is started and nothing waits for it; its failure is told and changes nothing.
   */
  readonly failing: 'stops' | 'told'
  /** `entry`: once an attempt, unless it failed or its end was not seen; `each`: every time the point is passed. */
  readonly times: 'entry' | 'each'
}

const stops = (when: string): HookPoint => ({ when, failing: 'stops', times: 'entry' })
const told = (when: string): HookPoint => ({ when, failing: 'told', times: 'entry' })

/** Every point, in the order of a migration. */
export const hookPoints: Readonly<Record<HookName, HookPoint>> = {
  started: stops('the run begins; no host was touched yet'),
  prepared: stops('everything is prepared, data is seeded; the cutover gate comes next'),
  beforeCutover: {
    when: 'the cutover is approved; the chain still runs. Its time does not count against the budget',
    failing: 'stops',
    times: 'each',
  },
  windowOpened: told('the window is open: the sequencer is about to be fenced and stopped'),
  chainStopped: told('the sequencer is stopped: the chain stands still'),
  committed: told('the decision fell: the cluster is being started, there is no way back but a rollback'),
  producing: told('the cluster has produced its first block'),
  migrated: told('all nodes vote and the watch is over; the finish gate comes next'),
  finished: told('the migration is finished'),
  returned: told('the attempt went back: the single sequencer produces again'),
  aborted: told('the run was aborted: the single sequencer produces, what was prepared is gone'),
  rolledBack: told('the migration was rolled back: the single sequencer produces'),
  needsHuman: told('the evidence contradicts itself: nothing is started until somebody has looked'),
  ended: {
    when: 'the process lets go of the run, for now or for good: waiting, failed, interrupted or done',
    failing: 'told',
    times: 'each',
  },
}

const byState: Readonly<Record<string, HookName>> = {
  check: 'started',
  'gate.cutover': 'prepared',
  'window.arm': 'windowOpened',
  'window.sync': 'chainStopped',
  'commit.start': 'committed',
  'commit.rest': 'producing',
  'gate.finish': 'migrated',
  done: 'finished',
  'window.returned': 'returned',
  aborted: 'aborted',
  rolledBack: 'rolledBack',
  needsHuman: 'needsHuman',
}

/** The hook of a state that is entered, if it has one. */
export const hookOnEntering = (view: StateView): HookName | null => byState[view.path] ?? null

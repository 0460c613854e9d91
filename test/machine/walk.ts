import type { StepName } from '../../src/base/names.ts'
import { advance, begin, type RunEvent, type Snapshot, viewOf } from '../../src/machine/decider.ts'

export const chain = 'demo'

export const start = () => begin({ chain, source: 'node-1', nodes: 5 })

export const done = (step: StepName, output: unknown = {}): RunEvent => ({ type: 'STEP_DONE', step, output })

export const failed = (step: StepName, kind: 'failed' | 'contradiction' = 'failed'): RunEvent => ({
  type: 'STEP_FAILED',
  step,
  failure: { kind, message: 'no', changedAnything: 'yes', retryable: true, hint: '' },
})

export const approve = (
  gate: 'cutover' | 'commit' | 'rollback' | 'finish',
  digest: string = gate,
): RunEvent => ({
  type: 'APPROVE',
  gate,
  chain,
  digest,
  by: 'test',
})

export const play = (events: readonly RunEvent[], from: Snapshot = start()) => events.reduce(advance, from)

export const pathAfter = (events: readonly RunEvent[], from?: Snapshot) => viewOf(play(events, from)).path

export const prepared: RunEvent[] = [
  done('check'),
  done('preparePeers'),
  done('copySigner'),
  done('seedData'),
  done('smoke'),
]

/** The straight path, event by event; each name is the state the events before it lead to. */
export const path = {
  'gate.cutover': prepared,
  'window.arm': [...prepared, done('weighCutover', { digest: 'cutover' }), approve('cutover')],
}
export const opened = path['window.arm']
export const stopped: RunEvent[] = [...opened, done('arm'), done('fence'), done('stopSource', { height: 9 })]
export const warm: RunEvent[] = [...stopped, done('finalSync'), done('proveEqual'), done('warmPeers')]
export const deciding: RunEvent[] = [...warm, done('weighCommit', { digest: 'commit' }), approve('commit')]
export const committed: RunEvent[] = [...deciding, done('decide', { decision: 'committed' })]
export const verified: RunEvent[] = [
  ...committed,
  done('startQuorum'),
  done('startRest'),
  done('verifyElection'),
]

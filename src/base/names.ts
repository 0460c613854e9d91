/** The four gates: transitions that are irreversible or disruptive, each approved by name. */
export const gates = ['cutover', 'commit', 'rollback', 'finish'] as const
export type Gate = (typeof gates)[number]

/** What the states of the migration invoke; `src/steps` holds one step for each name. */
export const stepNames = [
  'check',
  'preparePeers',
  'copySigner',
  'seedData',
  'smoke',
  'weighCutover',
  'arm',
  'fence',
  'stopSource',
  'finalSync',
  'proveEqual',
  'warmPeers',
  'weighCommit',
  'decide',
  'readDecision',
  'startQuorum',
  'startRest',
  'verifyElection',
  'soak',
  'weighFinish',
  'finish',
  'stopWriters',
  'killCopies',
  'revokePermits',
  'stopRaft',
  'disarm',
  'returnDecision',
  'checkConfigs',
  'unfence',
  'startSource',
  'seeBlock',
  'tidy',
  'weighRollback',
  'stopAll',
  'forbidRaft',
  'rankStores',
  'restoreBest',
  'moveRaftDirs',
  'startSingle',
  'seeSingleBlock',
] as const
export type StepName = (typeof stepNames)[number]

/** The decision file's states; it lies on the source and is the one arbiter (design: rules of the engine). */
export type Decision = 'open' | 'held' | 'committed' | 'returned'

/** The points of a run at which the operator's own program may be called; docs/hooks.md tells when each of them is. */
export const hookNames = [
  'started',
  'prepared',
  'beforeCutover',
  'windowOpened',
  'chainStopped',
  'committed',
  'producing',
  'migrated',
  'finished',
  'returned',
  'aborted',
  'rolledBack',
  'needsHuman',
  'ended',
] as const
export type HookName = (typeof hookNames)[number]

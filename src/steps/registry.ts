import { disarm, returnDecision } from './abort/return-decision.ts'
import { checkConfigs, seeBlock, startSource, unfence } from './abort/source-again.ts'
import { killCopies, revokePermits, stopRaft } from './abort/stop-cluster.ts'
import { tidy } from './abort/tidy.ts'
import { finish } from './after/finish.ts'
import { soak } from './after/soak.ts'
import { verifyElection } from './after/verify-election.ts'
import { decide, readDecision } from './commit/decide.ts'
import { startQuorum } from './commit/start-quorum.ts'
import { startRest } from './commit/start-rest.ts'
import { weighCommit, weighCutover, weighFinish } from './gates/weigh.ts'
import { check } from './prepare/check.ts'
import { copySigner } from './prepare/copy-signer.ts'
import { preparePeers } from './prepare/prepare-peers.ts'
import { seedData } from './prepare/seed-data.ts'
import { smoke } from './prepare/smoke.ts'
import { forbidRaft, stopAll } from './rollback/forbid-raft.ts'
import { rankStores } from './rollback/rank-stores.ts'
import { moveRaftDirs, restoreBest } from './rollback/restore-best.ts'
import { seeSingleBlock, startSingle } from './rollback/start-single.ts'
import { weighRollback } from './rollback/weigh-rollback.ts'
import type { StepRegistry } from './step.ts'
import { stopWriters } from './watch/stop-writers.ts'
import { arm } from './window/arm.ts'
import { fence } from './window/fence.ts'
import { finalSync } from './window/final-sync.ts'
import { proveEqual } from './window/prove-equal.ts'
import { stopSource } from './window/stop-source.ts'
import { warmPeers } from './window/warm-peers.ts'

/** One step for each name the machine invokes; a missing one does not compile. */
export const steps: StepRegistry = {
  check,
  preparePeers,
  copySigner,
  seedData,
  smoke,
  weighCutover,
  arm,
  fence,
  stopSource,
  finalSync,
  proveEqual,
  warmPeers,
  weighCommit,
  decide,
  readDecision,
  startQuorum,
  startRest,
  verifyElection,
  soak,
  weighFinish,
  finish,
  stopWriters,
  killCopies,
  revokePermits,
  stopRaft,
  disarm,
  returnDecision,
  checkConfigs,
  unfence,
  startSource,
  seeBlock,
  tidy,
  weighRollback,
  stopAll,
  forbidRaft,
  rankStores,
  restoreBest,
  moveRaftDirs,
  startSingle,
  seeSingleBlock,
}

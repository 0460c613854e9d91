import type { LoadedRunbook } from '../runbook/load.ts'
import type { Facts } from '../steps/facts.ts'
import { graphHash } from './open-run.ts'
import type { Subject } from './rehearsal-record.ts'
import { evhaVersion } from './version.ts'

/** What a run rests on, as far as a rehearsal can stand for it. */
export function subjectOf(
  runbook: Pick<LoadedRunbook, 'raft' | 'nodes'>,
  check: Pick<Facts['check'], 'binarySha256' | 'settingsSha256'>,
): Subject {
  return {
    binarySha256: check.binarySha256,
    settingsSha256: check.settingsSha256,
    timing: JSON.stringify(runbook.raft.timing),
    nodes: runbook.nodes.length,
    evhaVersion,
    graphHash: graphHash(),
  }
}

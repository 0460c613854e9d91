import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { changeDecision, type DecisionKey } from './decision.ts'
import { permitDirs } from './permits.ts'
import { lockDir } from './tree.ts'
import { signerPath } from './unit-files.ts'

/** Exit code of `commitDecision` when the source is no longer as the decision wants it: nothing was changed. */
export const sourceChanged = 67

/**
 * The compare-and-set from open to committed, right after a last look at what the source alone can tell: it is still
 * fenced, its key set aside, it has not been rebooted since `bootId`, and the guard holds its store. Both are one command:
 * nothing of the workstation's, and no round trip, lies between. Prints the decision as it stands, or what changed.
 */
export function commitDecision(spec: NodeSpec, bootId: string, key: DecisionKey): Command {
  const dirs = permitDirs(spec)
  const decided = changeDecision(spec, ['open'], 'committed', key)
  return changes(
    `${decided.says}, unless the source changed`,
    script(
      `durable=$1 volatile=$2 boot=$3 lock=$4 key=$5
shift 5
if [ -e "$durable" ] || [ -e "$volatile" ]; then echo 'the permit for single mode stands again'; exit ${sourceChanged}; fi
if [ -e "$key" ]; then echo 'the key is in its place again'; exit ${sourceChanged}; fi
if [ "$(systemd-id128 boot-id)" != "$boot" ]; then echo 'rebooted inside the window'; exit ${sourceChanged}; fi
if flock -n "$lock" true; then echo 'the guard of the store is gone'; exit ${sourceChanged}; fi
"$@"`,
      `${dirs.durable}/single`,
      `${dirs.volatile}/single`,
      bootId,
      lockDir(spec),
      signerPath(spec),
      ...decided.argv,
    ),
  )
}

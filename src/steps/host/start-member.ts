import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { refuseBesideText } from './beside.ts'
import { type Lasting, permitDirs } from './permits.ts'
import { stampFile } from './stamp.ts'

/** Exit code of `startMember` when the Raft directory has another stamp: nothing was done then. */
export const otherStamp = 65

export interface MemberStart {
  /** The Raft permit to give it first; none where it has one. */
  readonly permit?: Lasting
  /** The stamp its Raft directory must have. */
  readonly stamp?: string
  /** A unit that must not be up: a full node that drives the same execution client. */
  readonly beside?: string
}

/**
 * Gives the Raft permit, if there is one to give, and starts the unit, in one round trip. Prints the host's own time right
 * after that, epoch ms: systemd answers as soon as the program runs.
 */
export function startMember(spec: NodeSpec, { permit, stamp, beside = '' }: MemberStart): Command {
  return changes(
    permit === undefined ? `start ${spec.unit}` : `give the ${permit} Raft permit and start ${spec.unit}`,
    script(
      `unit=$1 permits=$2 lasting=$3 file=$4 stamp=$5
${refuseBesideText}
if [ -n "$6" ]; then beside "$6"; fi
if [ -n "$stamp" ]; then
  stands=
  if [ -e "$file" ]; then read -r stands < "$file" || :; fi
  [ "$stands" = "$stamp" ] || exit ${otherStamp}
fi
if [ -n "$permits" ]; then
  [ -d "$permits" ] || mkdir -p "$permits"
  : > "$permits/raft"
  # What a reboot shall take needs no disk.
  [ "$lasting" = volatile ] || sync "$permits/raft" "$permits"
fi
systemctl start "$unit" || { systemctl reset-failed "$unit" 2>/dev/null || true; systemctl start "$unit"; }
date +%s%3N`,
      spec.unit,
      permit === undefined ? '' : permitDirs(spec)[permit],
      permit ?? '',
      stampFile(spec),
      stamp ?? '',
      beside,
    ),
  )
}

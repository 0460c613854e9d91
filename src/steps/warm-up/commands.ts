import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { refuseBesideText } from '../host/beside.ts'
import { propertyOption } from '../host/systemd.ts'
import { warmUpPermit, warmUpUnit } from './place.ts'

/** Gives the permit and starts the full node, unless the member of this host runs: one client is driven by one node. */
export const startFullNode = (spec: NodeSpec): Command =>
  changes(
    `give the permit and start ${warmUpUnit(spec)}`,
    script(
      `${refuseBesideText}
beside "$1"
mkdir -p "\${3%/*}"
: > "$3"
systemctl start "$2" || { systemctl reset-failed "$2" 2>/dev/null || true; systemctl start "$2"; }`,
      spec.unit,
      warmUpUnit(spec),
      warmUpPermit(spec),
    ),
  )

/**
 * Takes the permit and ends the full node; prints how its unit stands then. In the window it is killed: what it would do to
 * end well takes seconds, and its store is thrown away. `kill` or `stop`.
 */
export const endFullNode = (spec: NodeSpec, how: 'kill' | 'stop'): Command =>
  changes(
    `${how} ${warmUpUnit(spec)}`,
    script(
      `rm -f "$2"
if [ "$3" = kill ]; then systemctl kill --signal=SIGKILL "$1" 2>/dev/null || true; fi
systemctl stop "$1" 2>/dev/null || true
systemctl reset-failed "$1" 2>/dev/null || true
systemctl show "$1" "$4"`,
      warmUpUnit(spec),
      warmUpPermit(spec),
      how,
      propertyOption,
    ),
    { timeoutMs: 60_000 },
  )

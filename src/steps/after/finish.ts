import { changes, script } from '../../base/command.ts'
import { onReachable } from '../abort/reach.ts'
import { must, onEach } from '../ask.ts'
import { removeDeadMan } from '../dead-man/commands.ts'
import { readyPath } from '../host/decision.ts'
import { remove } from '../host/files.ts'
import { fileExists } from '../host/swap.ts'
import { isUp, readUnit, reloadUnits, showUnit } from '../host/systemd.ts'
import { kept, permitDropInPath, unitPath } from '../host/unit-files.ts'
import { claimPath } from '../prepare/claim.ts'
import { done, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { removeFullNode } from '../warm-up/end.ts'
import { hasClients } from '../warm-up/warm-up.ts'
import { membersOf } from './members.ts'

/** The drop-in becomes part of the unit; what only the migration needed goes away. */
export const finish: Step<'finish'> = {
  name: 'finish',
  plan: ({ nodes, source }) => [
    `on ${nodes.length} nodes: write the permit's assertion into the unit itself and remove the drop-in`,
    `remove what was staged on ${source.spec.name}; its old unit and config stay in ${kept(source.spec).unit.replace(/\/[^/]*$/, '')}`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    await onEach(membersOf(context), async (host) => {
      await must(context, host, mergeDropIn(host))
      await must(context, host, removeDeadMan(host.spec))
      await must(context, host, reloadUnits())
      await must(
        context,
        host,
        remove('remove what was staged', [
          `${host.spec.paths.evha}/staged`,
          `${host.spec.paths.evha}/smoke`,
          readyPath(host.spec, 'returned'),
        ]),
      )
    })
    if (hasClients(context))
      await onReachable(context, context.peers, (peer) => removeFullNode(context, peer))
    await must(context, context.source, remove('end the claim of this run', [claimPath(context.source.spec)]))
    return undefined
  },
  verify: async (context) => {
    for (const host of membersOf(context)) {
      if (await fileExists(context, host, permitDropInPath(host.spec)))
        return notYet(`${host.spec.name}: the drop-in is still there`)
      const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
      if (unit.needsReload) return notYet(`${host.spec.name}: systemd has not read the final unit`)
      // A leader that loses its lease ends by design, and its unit starts it again a second later.
      if (!isUp(unit)) return notYet(`${host.spec.name}: ${host.spec.unit} is ${unit.active}`)
    }
    return done({ leftBehind: membersOf(context).map((host) => leftOn(host, context)) })
  },
  irreversible: 'the old unit is put away; a single sequencer can only come back by a rollback by hand',
  keepsJournal: 'first',
}

/** Appends the drop-in's section to the unit (systemd joins sections of one name), then removes the drop-in. */
function mergeDropIn({ spec }: Host) {
  return changes(
    'make the drop-in part of the unit',
    script(
      `if [ ! -e "$2" ]; then exit 0; fi
if ! grep -q 'AssertPathExists=|.*/raft$' "$1"; then
  { cat "$1"; echo; cat "$2"; } > "$1.evha-new"
  chown --reference="$1" "$1.evha-new"
  chmod --reference="$1" "$1.evha-new"
  sync "$1.evha-new"
  mv -f "$1.evha-new" "$1"
fi
rm -f "$2"
rmdir "\${2%/*}" 2>/dev/null || true
sync "\${1%/*}"`,
      unitPath(spec),
      permitDropInPath(spec),
    ),
  )
}

function leftOn({ spec }: Host, context: StepContext): string {
  const extra =
    spec.name === context.source.spec.name ? `, the old unit and config in ${spec.paths.evha}/old` : ''
  return `${spec.name}: the unit ${unitPath(spec)} (enabled), the Raft permit and the decision in ${spec.paths.evha}${extra}`
}

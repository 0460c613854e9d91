import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { type HostLook, parts, readLook } from './look.ts'
import { listPermitsText, permitDirs } from './permits.ts'
import { propertyOption, readUnit, type UnitState } from './systemd.ts'
import { permitDropInPath } from './unit-files.ts'

/** How the fence stood, and what came of the start. */
export interface FenceTried {
  readonly look: HostLook
  /** null: the fence was seen not to stand, and nothing was started. */
  readonly start: { readonly exitCode: number; readonly said: string; readonly after: UnitState } | null
}

/** Looks at the fence and, only where it stands, starts the unit, in one round trip: systemd must refuse. */
export function tryFence(spec: NodeSpec): Command {
  const dirs = permitDirs(spec)
  return changes(
    `see that ${spec.unit} is fenced, then try to start it`,
    script(
      `unit=$3 option=$4 dropin=$5
permits=$(${listPermitsText})
shown=$(systemctl show "$unit" "$option")
printf '%s\n--\n%s\n--\n' "$permits" "$shown"
systemd-id128 boot-id
echo --
case $permits in *single*) exit 0 ;; esac
case $shown in *NeedDaemonReload=yes*) exit 0 ;; esac
case $shown in *"$dropin"*) ;; *) exit 0 ;; esac
code=0
said=$(systemctl start "$unit" 2>&1) || code=$?
printf '%s\n%s\n--\n' "$code" "$said"
systemctl show "$unit" "$option"`,
      dirs.durable,
      dirs.volatile,
      spec.unit,
      propertyOption,
      permitDropInPath(spec),
    ),
  )
}

export function readFenceTried(text: string): FenceTried {
  const [permits = '', shown = '', boot = '', tried = '', after = ''] = parts(text, 5)
  const look = readLook([permits, shown, boot])
  const [code = '', ...said] = tried.split('\n')
  if (code === '') return { look, start: null }
  return { look, start: { exitCode: Number(code), said: said.join('\n').trim(), after: readUnit(after) } }
}

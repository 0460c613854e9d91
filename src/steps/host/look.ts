import { reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { must } from '../ask.ts'
import { type Ground, groundDirs, readGround, roomFunction } from '../prepare/ground.ts'
import type { Host, StepContext } from '../step.ts'
import { listPermitsText, permitDirs } from './permits.ts'
import { propertyOption, readUnit, type UnitState } from './systemd.ts'

/** What a host shows of its unit in one round trip. */
export interface HostLook {
  /** One line `MODE LASTING` for each permit that stands. */
  readonly permits: string
  readonly unit: UnitState
  readonly bootId: string
}

/** The same, and of what may change while a run waits: room, rights and ports. */
export interface GroundLook extends HostLook {
  readonly ground: Ground
}

/** Permits, unit and boot id of a host, one right after the other. */
export async function lookAt(context: StepContext, host: Host): Promise<HostLook> {
  const { spec } = host
  const asked = reads(
    `look at ${spec.unit}, its permits and the boot id`,
    script(lookText, ...lookWords(spec)),
  )
  return readLook(parts(await must(context, host, asked)))
}

/** The same with the room and the ports of the host, in the same round trip. */
export async function lookAtGround(context: StepContext, host: Host): Promise<GroundLook> {
  return readGroundLook(await must(context, host, groundLook(host.spec)))
}

export function groundLook(spec: NodeSpec) {
  const words = lookWords(spec)
  return reads(
    `look at ${spec.unit}, its permits, the boot id, room and ports`,
    script(
      `${roomFunction}\n${lookText}\necho --\nshift ${words.length}\nroom "$@"`,
      ...words,
      ...groundDirs(spec),
    ),
  )
}

export function readGroundLook(text: string): GroundLook {
  const [permits = '', unit = '', bootId = '', ground = ''] = parts(text, 4)
  return { ...readLook([permits, unit, bootId]), ground: readGround(ground) }
}

/** A look from its three parts. */
export function readLook([permits = '', unit = '', bootId = '']: readonly string[]): HostLook {
  return { permits: permits.trim(), unit: readUnit(unit), bootId: bootId.trim() }
}

const lookText = `${listPermitsText}
echo --
systemctl show "$3" "$4"
echo --
systemd-id128 boot-id`

function lookWords(spec: NodeSpec): string[] {
  const dirs = permitDirs(spec)
  return [dirs.durable, dirs.volatile, spec.unit, propertyOption]
}

/** What to wait for on the host before it answers, and how often to look; the pause between two looks is short. */
export interface WaitsFor {
  /** A text that stands in the log then. */
  readonly text: string
  readonly looksMax: number
}

const atOnce: WaitsFor = { text: '', looksMax: 1 }

/**
 * A unit and what its running invocation logged last, in one round trip: `systemctl show`, then the log. It answers as
 * soon as the log holds what is waited for, the unit or its process is not up, or it has looked often enough. It asks systemd once
 * more, which costs a host as much as a look at the log, only when the process is gone by the end: so the state it prints is not
 * older than the log.
 */
export function showUnitAndLog(unit: string, { text, looksMax }: WaitsFor = atOnce, linesMax = 1_000) {
  return reads(
    `read state and log of ${unit}`,
    script(
      `looks=$4 nl='
'
show() {
  shown=$(systemctl show "$1" "$2") now=
  case $shown in *InvocationID=*) now=\${shown#*InvocationID=} now=\${now%%"$nl"*} ;; esac
}
show "$1" "$2"
invocation=$now log= pid=\${shown#*MainPID=}
pid=\${pid%%"$nl"*}
while [ -n "$invocation" ]; do
  log=$(journalctl --no-pager --quiet -o short-unix -n "$3" _SYSTEMD_INVOCATION_ID="$invocation")
  looks=$((looks - 1))
  case $log in *"$5"*) break ;; esac
  case $shown in *ActiveState=active*) ;; *) break ;; esac
  if [ "$looks" -le 0 ] || [ ! -e "/proc/$pid" ]; then break; fi
  sleep 0.02
done
# While its process lives, the state is as it was shown.
if [ "$pid" != 0 ] && [ ! -e "/proc/$pid" ]; then
  show "$1" "$2"
  # Another invocation has another log.
  [ "$now" = "$invocation" ] || log=
fi
printf '%s\n--\n%s\n' "$shown" "$log"`,
      unit,
      propertyOption,
      String(linesMax),
      String(looksMax),
      text,
    ),
  )
}

/** Output in parts, parted by lines of `--`; the last part is all that follows, whatever it holds. */
export function parts(text: string, count = 3): string[] {
  const found = text.split(/^--\n/m)
  return [...found.slice(0, count - 1), found.slice(count - 1).join('--\n')]
}

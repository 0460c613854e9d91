import { type Command, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { propertyOption } from './systemd.ts'

const fileOf = (spec: NodeSpec, run: string, attempt: number) =>
  `${spec.paths.evha}/runs/${run}/stop.${attempt}`

/**
 * argv that stops the unit and keeps, on its own host, when the stop was asked for and when the process was gone (epoch ns by
 * the host's clock). Repeated after a crash it keeps the first times. They need no disk: what a loss of power takes of them is
 * noted once more, and the stop is proved by the unit and its log.
 */
export function stopAndRecordArgv(spec: NodeSpec, run: string, attempt: number): Command['argv'] {
  return script(
    `file=$1 unit=$2
[ -d "\${file%/*}" ] || mkdir -p "\${file%/*}"
[ -s "$file.asked" ] || date +%s%N > "$file.asked"
systemctl stop "$unit"
if [ ! -s "$file" ]; then
  gone=$(date +%s%N)
  read -r asked < "$file.asked"
  printf '%s %s\\n' "$asked" "$gone" > "$file.new"
  mv -f "$file.new" "$file"
fi`,
    fileOf(spec, run, attempt),
    spec.unit,
  )
}

/** How many of the last lines of the log are read after a stop: the shutdown and, before it, the last block. */
const stopLinesMax = 400

/** The host's own time, unit, record of the stop, and the end of the log of `invocation`: four parts. */
export function lookAtStopped(spec: NodeSpec, run: string, attempt: number, invocation: string): Command {
  return reads(
    `look at the stopped ${spec.unit}`,
    script(
      `date +%s%N
echo --
systemctl show "$2" "$3"
echo --
if [ -e "$1" ]; then cat "$1"; fi
echo --
[ -z "$4" ] || journalctl --no-pager --quiet -o short-unix -n ${stopLinesMax} _SYSTEMD_INVOCATION_ID="$4"`,
      fileOf(spec, run, attempt),
      spec.unit,
      propertyOption,
      invocation,
    ),
  )
}

/** A time of a host's clock, epoch ns, in ms. */
export const msOf = (ns: string) => Number(BigInt(/^\d{1,20}$/.exec(ns.trim())?.[0] ?? '0') / 1_000_000n)

/** Epoch ms of the stop and of the exit by the host's clock; null before both are known. */
export function parseStopRecord(text: string): { stopAtMs: number; exitAtMs: number } | null {
  const [, asked, gone] = /^(\d{1,20}) (\d{1,20})$/.exec(text.trim()) ?? []
  if (asked === undefined || gone === undefined) return null
  return { stopAtMs: Number(BigInt(asked) / 1_000_000n), exitAtMs: Number(BigInt(gone) / 1_000_000n) }
}

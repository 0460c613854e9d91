import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'

const fileOf = (spec: NodeSpec, run: string, attempt: number) =>
  `${spec.paths.evha}/runs/${run}/stop.${attempt}`

/**
 * Stops the unit and keeps, on its own host, when the stop was asked for and when the process was gone
 * (epoch ns by the host's clock). Repeated after a crash it keeps the first times.
 */
export function stopAndRecord(spec: NodeSpec, run: string, attempt: number, timeoutMs: number): Command {
  return changes(
    `stop ${spec.unit}`,
    script(
      `file=$1
mkdir -p "\${file%/*}"
[ -e "$file.asked" ] || date +%s%N > "$file.asked"
systemctl stop "$2"
if [ ! -e "$file" ]; then
  printf '%s %s\\n' "$(cat "$file.asked")" "$(date +%s%N)" > "$file.new"
  sync "$file.new"
  mv -f "$file.new" "$file"
fi`,
      fileOf(spec, run, attempt),
      spec.unit,
    ),
    { timeoutMs },
  )
}

export function readStopRecord(spec: NodeSpec, run: string, attempt: number): Command {
  return reads(
    'read when it was stopped',
    script('if [ -e "$1" ]; then cat "$1"; fi', fileOf(spec, run, attempt)),
  )
}

/** Epoch ms of the stop and of the exit; null before both are known. */
export function parseStopRecord(text: string): { stopAtMs: number; exitAtMs: number } | null {
  const [, asked, gone] = /^(\d{1,20}) (\d{1,20})$/.exec(text.trim()) ?? []
  if (asked === undefined || gone === undefined) return null
  return { stopAtMs: Number(BigInt(asked) / 1_000_000n), exitAtMs: Number(BigInt(gone) / 1_000_000n) }
}

import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { type DecisionKey, textOf } from '../host/decision.ts'
import { deadManFiles, deadManUnit, deadManUnitPath } from './place.ts'

/** How long whoever arms or disarms waits for one that is just acting. */
const lockSeconds = 10

/**
 * Arms the dead-man: its first deadline counts from now. One of an earlier attempt that still stands, or runs, is
 * replaced whole. Fails when its unit does not run within 3 s: one that systemd is just restarting counts as not yet.
 */
export function armDeadMan(spec: NodeSpec, key: DecisionKey, seconds: number, watch: string): Command {
  const { dir, lock, armed, deadline, watch: path } = deadManFiles(spec)
  return changes(
    'arm the dead-man',
    script(
      `dir=$1 lock=$2 armed=$3 deadline=$4 watch=$5 unit=$6 key=$7 hundredths=$8
mkdir -p "$dir" "\${deadline%/*}"
exec 9> "$lock"
flock -w ${lockSeconds} 9
rm -f "$armed"
cat > "$watch.new"
sync "$watch.new"
mv -f "$watch.new" "$watch"
boot=$(systemd-id128 boot-id)
read -r up rest < /proc/uptime
printf '%s\\n' "$((\${up%.*}\${up#*.} + hundredths))" > "$deadline"
printf '%s %s\\n' "$key" "$boot" > "$armed.new"
sync "$armed.new"
mv -f "$armed.new" "$armed"
sync "$dir"
exec 9>&-
systemctl restart "$unit"
tries=0
until systemctl is-active "$unit" >/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    echo "$unit does not run: systemctl status $unit" >&2
    exit 1
  fi
  sleep 0.1
done`,
      dir,
      lock,
      armed,
      deadline,
      path,
      deadManUnit(spec),
      textOf(key),
      String(seconds * 100),
    ),
    { stdin: watch },
  )
}

/** Exit 0 when the dead-man is armed under this key, in this boot, and runs. */
export function readArmed(spec: NodeSpec, key: DecisionKey): Command {
  return reads(
    'see that the dead-man is armed',
    script(
      `[ "$(cat "$1")" = "$2 $(systemd-id128 boot-id)" ]\nsystemctl is-active "$3" >/dev/null`,
      deadManFiles(spec).armed,
      textOf(key),
      deadManUnit(spec),
    ),
  )
}

/** What the dead-man's host answers to a beat: the deadline was put off, or there is none of this key any more. */
export const beatAnswers = { putOff: 'ok', gone: 'gone' } as const

/**
 * One beat: puts the deadline off by so many seconds from now, by the host's own uptime. Only while it is armed under this
 * key: what came too late, or from another, puts off nothing. After a reboot the deadline counts no more.
 */
export function putDeadManOff(spec: NodeSpec, key: DecisionKey, seconds: number): Command {
  const { armed, deadline } = deadManFiles(spec)
  return changes(
    'put the dead-man off',
    script(
      `line=
{ read -r line < "$1"; } 2>/dev/null || true
if [ "\${line% *}" != "$3" ]; then echo ${beatAnswers.gone}; exit 0; fi
read -r up rest < /proc/uptime
printf '%s\\n' "$((\${up%.*}\${up#*.} + $4))" > "$2.new"
mv -f "$2.new" "$2"
echo ${beatAnswers.putOff}`,
      armed,
      deadline,
      textOf(key),
      String(seconds * 100),
    ),
    { timeoutMs: 3_000, often: true },
  )
}

/**
 * Ends the dead-man for good, over a reboot too, without asking systemd: that would cost tenths of a second. Prints
 * `armed` when it was this very one and had not acted; once this has ended, it never will. Waits for one that is acting.
 */
export function disarmDeadMan(spec: NodeSpec, key: DecisionKey): Command {
  const { dir, lock, armed } = deadManFiles(spec)
  return changes(
    'disarm the dead-man',
    script(
      `dir=$1 lock=$2 armed=$3 key=$4
if [ ! -d "$dir" ]; then echo gone; exit 0; fi
exec 9> "$lock"
flock -w ${lockSeconds} 9
line=
{ read -r line < "$armed"; } 2>/dev/null || true
rm -f "$armed"
sync "$dir"
if [ "\${line% *}" = "$key" ]; then echo armed; else echo gone; fi`,
      dir,
      lock,
      armed,
      textOf(key),
    ),
  )
}

/** The same on the way back, whatever it is about to do: its process is ended first, and proved ended. */
export function endDeadMan(spec: NodeSpec): Command {
  const { dir, armed } = deadManFiles(spec)
  return changes(
    'end the dead-man',
    script(
      `systemctl stop "$1" 2>/dev/null || true
if systemctl is-active "$1" >/dev/null; then exit 1; fi
rm -f "$2"
if [ -d "$3" ]; then sync "$3"; fi`,
      deadManUnit(spec),
      armed,
      dir,
    ),
    { timeoutMs: 60_000 },
  )
}

/** Takes the dead-man's unit and files away; systemd is to read its units anew afterwards. Absent ones are fine. */
export function removeDeadMan(spec: NodeSpec): Command {
  const { dir, deadline } = deadManFiles(spec)
  return changes(
    'remove the dead-man',
    script(
      `systemctl stop "$1" 2>/dev/null || true
systemctl disable "$1" 2>/dev/null || true
rm -f "$2" "$4"
rm -rf "$3"
if [ -d "\${2%/*}" ]; then sync "\${2%/*}"; fi`,
      deadManUnit(spec),
      deadManUnitPath(spec),
      dir,
      deadline,
    ),
    { timeoutMs: 60_000 },
  )
}

import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** How long a permit lasts: `durable` over a reboot, `volatile` dies with it. */
export type Lasting = 'durable' | 'volatile'
export type Mode = 'single' | 'raft'

export const permitDirs = (spec: NodeSpec) => ({
  durable: `${spec.paths.evha}/permits`,
  volatile: `${spec.paths.run}/permits`,
})

/** Gives the permit and brings it to the disk: the unit may be started in this mode from now on. */
export function givePermit(spec: NodeSpec, mode: Mode, lasting: Lasting): Command {
  return changes(
    `give the ${lasting} permit for ${mode} mode`,
    script(`mkdir -p "$1"\n: > "$1/$2"\nsync "$1/$2" "$1"`, permitDirs(spec)[lasting], mode),
  )
}

/** The durable permit for Raft mode, and the unit enabled: from now on a reboot starts this member. */
export function allowRaft(spec: NodeSpec): Command {
  return changes(
    'give the durable Raft permit and enable the unit',
    script(
      `mkdir -p "$1"\n: > "$1/raft"\nsync "$1/raft" "$1"\nsystemctl enable "$2"`,
      permitDirs(spec).durable,
      spec.unit,
    ),
  )
}

/** Takes both permits of a mode and brings that to the disk: a start in this mode is refused from now on. */
export function takePermit(spec: NodeSpec, mode: Mode): Command {
  const dirs = permitDirs(spec)
  return changes(
    `take the permit for ${mode} mode`,
    script(
      `for dir in "$1" "$2"; do
  if [ -d "$dir" ]; then rm -f "$dir/$3"; sync "$dir"; fi
done`,
      dirs.durable,
      dirs.volatile,
      mode,
    ),
  )
}

/** The text of a script that prints one line `MODE LASTING` for each permit that stands; $1 and $2 are the directories. */
export const listPermitsText = `for mode in single raft; do
  if [ -e "$1/$mode" ]; then echo "$mode durable"; fi
  if [ -e "$2/$mode" ]; then echo "$mode volatile"; fi
done`

/** Prints the permits that stand. */
export function listPermits(spec: NodeSpec): Command {
  const dirs = permitDirs(spec)
  return reads('read the permits', script(listPermitsText, dirs.durable, dirs.volatile))
}

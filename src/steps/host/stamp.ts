import { changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'

export const stampFile = (spec: NodeSpec) => `${spec.paths.evha}/raft.stamp`

/** For which chain, members, addresses and run the Raft directory was bootstrapped. */
export const readStamp = (spec: NodeSpec) =>
  reads('read the stamp of the Raft directory', script('if [ -e "$1" ]; then cat "$1"; fi', stampFile(spec)))

export const writeStamp = (spec: NodeSpec, stamp: string) =>
  changes(
    'stamp the Raft directory',
    script(
      'mkdir -p "${1%/*}"\nprintf %s "$2" > "$1.new"\nsync "$1.new"\nmv -f "$1.new" "$1"',
      stampFile(spec),
      stamp,
    ),
  )

/** Moves a Raft directory aside, stamp first, so that it is never taken for a fresh one. Never deletes. */
export const moveRaftDirAside = (spec: NodeSpec, to: string) =>
  changes(
    'move the Raft directory aside',
    script(
      `rm -f "$2"
if [ -d "$1" ]; then
  mkdir -p "\${3%/*}"
  n=0
  while [ -e "$3.$n" ]; do n=$((n + 1)); done
  mv "$1" "$3.$n"
fi`,
      spec.raftDir,
      stampFile(spec),
      to,
    ),
  )

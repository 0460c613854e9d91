import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { signerPath } from './unit-files.ts'

/** Where the sequencer's key lies while nothing on its host may sign: beside its place, so that one rename moves it. */
export const keyAsidePath = (spec: NodeSpec) => `${signerPath(spec)}.set-aside-by-evha`

/**
 * Sets the key aside and brings that to the disk: a node that is started in this home, by its unit or past it, ends before it
 * opens its store, over a reboot too. One that runs has its key in memory, and goes on.
 */
export function setKeyAside(spec: NodeSpec): Command {
  return changes(
    'set the key aside',
    script('if [ -e "$1" ]; then mv -f "$1" "$2"; fi\nsync "${1%/*}"', signerPath(spec), keyAsidePath(spec)),
  )
}

/** Puts it back and brings that to the disk; one that is in its place stays. Fails where it is in neither. */
export function putKeyBack(spec: NodeSpec): Command {
  return changes(
    'put the key back',
    script(
      `if [ ! -e "$1" ]; then
  if [ ! -e "$2" ]; then echo "the key is neither at $1 nor at $2" >&2; exit 1; fi
  mv -f "$2" "$1"
fi
sync "\${1%/*}"`,
      signerPath(spec),
      keyAsidePath(spec),
    ),
  )
}

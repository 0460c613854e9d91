import { type Command, changes, reads, script } from '../../base/command.ts'
import { holds } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'

/** Renames a staged file over a live one, with the live one's owner and mode; keeps the live one once at `keep`. */
export function copyOver(from: string, to: string, keep: string | null): Command {
  return changes(
    `put ${to} in place`,
    script(
      `if [ ! -e "$1" ]; then exit 0; fi
if [ -n "$3" ] && [ -e "$2" ] && [ ! -e "$3" ]; then
  mkdir -p "\${3%/*}"
  cp -p "$2" "$3.new"
  sync "$3.new"
  mv -f "$3.new" "$3"
fi
mkdir -p "\${2%/*}"
cp "$1" "$2.evha-new"
if [ -e "$2" ]; then chown --reference="$2" "$2.evha-new"; chmod --reference="$2" "$2.evha-new"; fi
sync "$2.evha-new"
mv -f "$2.evha-new" "$2"
sync "\${2%/*}"
rm -f "$1"`,
      from,
      to,
      keep ?? '',
    ),
  )
}

/** Moves a file beside `to`, under its own name, where nothing loads it; an absent one is fine. */
export function putAway(path: string, to: string): Command {
  return changes(
    `put ${path} away`,
    script(
      'if [ -e "$1" ]; then mkdir -p "${2%/*}"; mv -f "$1" "${2%/*}/"; sync "${1%/*}" "${2%/*}"; fi',
      path,
      to,
    ),
  )
}

export function fileExists(context: StepContext, host: Host, path: string): Promise<boolean> {
  return holds(context, host, reads(`look for ${path}`, ['test', '-e', path]))
}

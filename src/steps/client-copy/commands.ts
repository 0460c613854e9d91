import { type Command, changes, reads, script } from '../../base/command.ts'
import { ownOfClient } from '../../evnode/execution-data.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { refuseBesideText } from '../host/beside.ts'
import { warmUpUnit } from '../warm-up/place.ts'
import { type CopiedClient, holdPath, workIn } from './place.ts'
import { openInText } from './rest.ts'

/** How far the copy of one peer has come, by what lies on its host. */
export type CopyState =
  /** Nothing, or a copy that still grows. */
  | 'none'
  /** The copy is whole, and its files are being put in place. */
  | 'swapping'
  /** It is in place. */
  | 'swapped'
  /** The client was seen to stand on it, in this run. */
  | 'made'

/** Prints the state. */
export const readCopyState = (client: CopiedClient, made: string) => {
  const work = workIn(client)
  return reads(
    "see how far the copy of the execution client's data has come",
    script(
      `if [ -e "$2" ]; then echo swapping
elif [ -e "$1" ]; then echo made
elif [ -e "$3" ]; then echo swapped
else echo none; fi`,
      made,
      work.swapping,
      work.swapped,
    ),
  )
}

/** Makes the directory in which the copy grows; prints the user id that owns the client's own. */
export const makeRoom = (client: CopiedClient): Command =>
  changes(
    "make a directory for the copy of the execution client's data",
    script(`mkdir -p "$2"\nstat -c '%u' "$1"`, client.dataDir, workIn(client).tree),
  )

/** Exit code of a swap that changed nothing: the client does not stop, or another process has its files open. */
export const clientIsUp = 67

/**
 * `swap`: the client is stopped and held down by a drop-in, then every file and directory of the copy takes the place of the one of
 * its name, with what is the client's own carried over. A copy is whole before this begins, so wherever it was broken off it goes
 * on from there; until it is through the client can not be started, over a reboot too.
 */
const swapText = `${refuseBesideText}
${openInText}
release() {
  rm -f -- "$swapping" "$hold"
  rmdir -- "\${hold%/*}" 2>/dev/null || :
  systemctl daemon-reload
}
swap() (
  cd "$dir"
  if [ ! -e "$swapping" ]; then
    rm -rf -- "$work/before" "$work/swapped"
    : > "$swapping"
  fi
  mkdir -p "$work/before" "$work/tree" "\${hold%/*}"
  printf '[Unit]\\nAssertPathExists=!%s\\n' "$swapping" > "$hold"
  sync "$swapping" "$hold"
  systemctl daemon-reload
  systemctl stop "$unit" || :
  state=$(systemctl show "$unit" --property=ActiveState)
  why=
  case \${state#*=} in inactive|failed) why=$(open_in .) ;; *) why="$unit, which is \${state#*=}" ;; esac
  if [ -n "$why" ]; then
    # Nothing was moved yet: as it was before.
    if [ -z "$(ls -A "$work/before")" ]; then release; systemctl start "$unit" || :; fi
    echo "its data is open in $why" >&2
    exit ${clientIsUp}
  fi
  set -f -- -name ''
  for name in $own; do set -- "$@" -o -name "$name"; done
  set +f
  ls -A "$work/tree" > "$work/names"
  while IFS= read -r name; do
    if [ ! -e "$name" ]; then continue; fi
    find "./$name" '(' "$@" ')' -prune -exec cp -a --parents -t "$work/tree" -- {} +
  done < "$work/names"
  while IFS= read -r name; do
    if [ -e "$name" ] && [ ! -e "$work/before/$name" ]; then mv -T -- "$name" "$work/before/$name"; fi
    if [ -e "$name" ]; then echo "$name came back while it was exchanged" >&2; exit 1; fi
    mv -T -- "$work/tree/$name" "$name"
  done < "$work/names"
  rm -f -- "$work/names"
  rmdir -- "$work/tree"
  : > "$work/swapped"
  sync -f "$work/swapped"
  release
)`

const swapWords = (spec: NodeSpec, client: CopiedClient): string[] => {
  const work = workIn(client)
  return [client.dataDir, client.unit, work.dir, work.swapping, holdPath(spec, client), ownOfClient.join(' ')]
}

const readWords = 'dir=$1 unit=$2 work=$3 swapping=$4 hold=$5 own=$6'

/** Unless a node drives the client: stops it, puts the copy in place, starts it. Safe to repeat. */
export const putInPlace = (spec: NodeSpec, client: CopiedClient): Command =>
  changes(
    `stop ${client.unit}, put the copy in place with the client's own identity kept, start it`,
    script(
      `${swapText}
${readWords}
beside "$7"
beside "$8"
swap
systemctl start "$unit"`,
      ...swapWords(spec, client),
      spec.unit,
      warmUpUnit(spec),
    ),
    { timeoutMs: 600_000 },
  )

/** The client stands on its copy: notes that, and takes away what it had before. */
export const settle = (client: CopiedClient, made: string): Command =>
  changes(
    'note that the execution client stands on its copy, take away what it had before',
    script(`mkdir -p "\${2%/*}"\n: > "$2"\nsync "$2" "\${2%/*}"\nrm -rf -- "$1"`, workIn(client).dir, made),
    { timeoutMs: 600_000 },
  )

/**
 * Takes away a copy that is not in place. One whose files were being put in place is put there first, whole as it is: a client on half
 * of two databases is worse than on either. Prints `before DIR` where the client's former data is kept, as nobody saw it on the copy.
 */
export const endCopy = (spec: NodeSpec, client: CopiedClient): Command =>
  changes(
    "take away what is left of the copy of the execution client's data",
    script(
      `${swapText}
${readWords}
if [ ! -d "$work" ]; then exit 0; fi
if [ -e "$swapping" ]; then swap; systemctl start "$unit"; fi
rm -rf -- "$work/tree" "$work/swapped"
rmdir -- "$work/before" 2>/dev/null || :
if [ -d "$work/before" ]; then echo "before $work/before"; else rmdir -- "$work"; fi`,
      ...swapWords(spec, client),
    ),
    { timeoutMs: 600_000 },
  )

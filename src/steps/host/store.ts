import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { type Listing, listingBytesMax, manifestFunction, manifestWords } from './manifest.ts'
import { lockDir, type Tree } from './tree.ts'

/**
 * Reads the named files of a tree as a tar stream, holes left out. While the chain runs a file may change under
 * tar, which then says 1: the next pass sees that file again. At a standstill nothing may change.
 */
export function packStore(tree: Tree, paths: readonly string[], still: boolean, timeoutMs: number): Command {
  return reads(
    `read ${paths.length} files of ${tree.what}`,
    script(
      `cd "$1"
tar --format=gnu --sparse --warning=no-file-changed --ignore-failed-read -cf - --null --verbatim-files-from -T - || [ "$? $2" = '1 hot' ]`,
      tree.root,
      still ? 'still' : 'hot',
    ),
    { stdin: paths.map((path) => `${path}\0`).join(''), timeoutMs },
  )
}

/** Exit code of `unpackStore` when somebody holds the store's lock. */
export const storeIsLocked = 75

/** What a write into the store does besides taking the stream. */
export interface Unpacking {
  /** Who owns the files then; empty: as they came. */
  readonly owner: string
  /** Files to be removed first, few enough to stand in a command. */
  readonly remove?: readonly string[]
  /** Prints the store's manifest at the end, and marks what was written while it is fresh. */
  readonly listing: Listing
  readonly timeoutMs: number
}

/** Writes a tar stream into a tree under its own lock: nothing can open a store meanwhile (design: seedData). */
export function unpackStore(tree: Tree, { owner, remove = [], listing, timeoutMs }: Unpacking): Command {
  const words = manifestWords(tree, listing)
  return changes(
    `write files of ${tree.what}`,
    script(
      `${manifestFunction}
root=$1 dir=$2 lock=$3 owner=$4
shift 4
cd "$root"
[ -d "$lock" ] || mkdir -p "$lock"
exec 9< "$lock"
flock -n -E ${storeIsLocked} 9
if [ $# -gt ${words.length} ]; then
  ( shift ${words.length}; rm -f -- "$@" )
fi
tar --format=gnu --sparse --overwrite -xpf -
# Only what has another owner: a chown touches the ctime, and with it the mark of the file.
if [ -n "$owner" ]; then find "$dir" ! -user "$owner" -exec chown -h "$owner" {} +; fi
manifest "$@"`,
      tree.root,
      tree.dir,
      tree.lock,
      owner,
      ...words,
      ...remove,
    ),
    { timeoutMs, outputBytesMax: listingBytesMax },
  )
}

/** So many bytes of paths may stand in the command itself. */
const wordsBytesMax = 4_096

/** Few enough names to stand in a command. */
export const standInCommand = (paths: readonly string[]) =>
  paths.reduce((sum, path) => sum + Buffer.byteLength(path) + 1, 0) <= wordsBytesMax

/** Removes files a copy has too many, under the tree's lock; many names arrive on stdin. */
export function dropFromStore(tree: Tree, paths: readonly string[]): Command {
  const says = `remove ${paths.length} files the source does not have`
  const locked = `cd "$1"\nexec 9< "$2"\nflock -n -E ${storeIsLocked} 9`
  const listed = paths.map((path) => `${path}\0`).join('')
  // A command of words alone needs no session of its own.
  return standInCommand(paths)
    ? changes(says, script(`${locked}\nshift 2\nrm -f -- "$@"`, tree.root, tree.lock, ...paths))
    : changes(says, script(`${locked}\nxargs -0 -r rm -f --`, tree.root, tree.lock), { stdin: listed })
}

/** Brings what was copied to the disk; a node that opens the store meanwhile does not mind. */
export const syncStore = (tree: Tree) =>
  changes(
    `bring ${tree.what} to the disk`,
    script('if [ -d "$1" ]; then sync -f "$1"; fi', `${tree.root}/${tree.dir}`),
    { timeoutMs: 120_000 },
  )

/** True (exit 0) when nobody holds the store. */
export const storeIsFree = (spec: NodeSpec) =>
  reads('try the store lock', ['flock', '-n', lockDir(spec), 'true'])

/** The guard: holds the store's lock until it is killed, at most a day, so that no other starter opens the store. */
export const guardArgv = (spec: NodeSpec): Command['argv'] => ['flock', '-n', lockDir(spec), 'sleep', '86400']

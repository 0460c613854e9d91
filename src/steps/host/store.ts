import { type Command, changes, reads, script } from '../../base/command.ts'
import { dataDirName, homeFiles } from '../../evnode/home.ts'
import { lockDirOf, neverCopied } from '../../evnode/store.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** The directory whose flock is the store's lock. `check` has seen that the databases lie in `data`. */
export const lockDir = (spec: NodeSpec) => lockDirOf({ home: spec.home, dbPath: dataDirName, db: spec.db })

const [lockFile] = neverCopied

/** One file of a manifest: apparent size in bytes, and a digest of its content that never reads a hole. */
export interface ManifestEntry {
  readonly size: number
  /** `full:` sha256 of the content, or `holes:` sha256 of GNU tar's sparse form of it. */
  readonly digest: string
}

export type Manifest = ReadonlyMap<string, ManifestEntry>

/**
 * Prints the manifest of `home/data`: one line `SIZE DIGEST PATH` a file, sorted. A file that is mostly hole is
 * digested in GNU tar's sparse form, which lists and reads only its data: a 2 GiB preallocated log costs
 * milliseconds, not 14 s. That form depends on where the holes lie, so `dug` first makes every zero block a hole.
 */
export function manifestOf(spec: NodeSpec, options: { readonly dug: boolean }): Command {
  const text = `[ -d "$1/${dataDirName}" ] || exit 0
cd "$1"
find ${dataDirName} -type f ! -name ${lockFile} -printf '%s %b %p\\n' | LC_ALL=C sort -k 3 | while IFS=' ' read -r size blocks path; do
  if [ "$size" -gt 1048576 ] && [ $((blocks * 1024)) -lt "$size" ]; then
    if [ "$2" = dug ]; then fallocate --dig-holes -- "$path"; fi
    sum=$(tar --format=gnu --sparse --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0600 -cf - -- "$path" | sha256sum)
    printf '%s holes:%s %s\\n' "$size" "\${sum%% *}" "$path"
  else
    printf '%s full:- %s\\n' "$size" "$path"
  fi
done > "$3" || exit 1
grep ' full:- ' "$3" | cut -d ' ' -f 3- | tr '\\n' '\\0' | xargs -0 -r sha256sum -- > "$3.full"
cat "$3"
echo --
cat "$3.full"`
  const scratch = '/tmp/evha-manifest'
  const argv = script(
    `scratch=$(mktemp ${scratch}.XXXXXX)
trap 'rm -f -- "$scratch" "$scratch.full"' EXIT
trap 'exit 143' HUP INT TERM
set -- "$1" "$2" "$scratch"
${text}`,
    spec.home,
    options.dug ? 'dug' : 'asis',
  )
  const command = { timeoutMs: 120_000, outputBytesMax: 16 * 1024 * 1024 }
  return options.dug
    ? changes('dig holes and list the store', argv, command)
    : reads('list the store with its digests', argv, command)
}

/** Reads what `manifestOf` printed. */
export function readManifest(text: string): Manifest {
  const [list = '', full = ''] = text.split(/^--$/m)
  const sums = new Map(
    full
      .split('\n')
      .filter((line) => line.length > 66)
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
  return new Map(
    list
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [size = '', digest = ''] = line.split(' ', 2)
        const path = line.slice(size.length + digest.length + 2)
        return [
          path,
          { size: Number(size), digest: digest === 'full:-' ? `full:${sums.get(path) ?? 'gone'}` : digest },
        ]
      }),
  )
}

/** What a copy has to do so that `there` becomes `here`. */
export interface Difference {
  readonly toCopy: readonly string[]
  readonly toRemove: readonly string[]
}

export function difference(here: Manifest, there: Manifest): Difference {
  const same = (path: string, entry: ManifestEntry) => {
    const other = there.get(path)
    return other !== undefined && other.size === entry.size && other.digest === entry.digest
  }
  return {
    toCopy: [...here].filter(([path, entry]) => !same(path, entry)).map(([path]) => path),
    toRemove: [...there.keys()].filter((path) => !here.has(path)),
  }
}

/**
 * Reads the named files of the store as a tar stream, holes left out. While the chain runs a file may change under
 * tar, which then says 1: the next pass sees that file again. At a standstill nothing may change.
 */
export function packStore(
  spec: NodeSpec,
  paths: readonly string[],
  still: boolean,
  timeoutMs: number,
): Command {
  return reads(
    `read ${paths.length} files of the store`,
    script(
      `cd "$1"
tar --format=gnu --sparse --warning=no-file-changed --ignore-failed-read -cf - --null --verbatim-files-from -T - || [ "$? $2" = '1 hot' ]`,
      spec.home,
      still ? 'still' : 'hot',
    ),
    { stdin: paths.map((path) => `${path}\0`).join(''), timeoutMs },
  )
}

/** Exit code of `unpackStore` when somebody holds the store's lock. */
export const storeIsLocked = 75

/** Writes a tar stream into the store under the store's own lock: nothing can open it meanwhile (design: seedData). */
export function unpackStore(spec: NodeSpec, owner: string, timeoutMs: number): Command {
  return changes(
    'write files of the store',
    script(
      `cd "$1"
mkdir -p "$2"
exec 9< "$2"
flock -n -E ${storeIsLocked} 9
tar --format=gnu --sparse --overwrite -xpf -
if [ -n "$3" ]; then chown -R "$3" ${dataDirName}; fi`,
      spec.home,
      lockDir(spec),
      owner,
    ),
    { timeoutMs },
  )
}

/** So many bytes of paths may stand in the command itself. */
const wordsBytesMax = 8_192

/** Removes files a copy has too many, under the store's lock; many names arrive on stdin. */
export function dropFromStore(spec: NodeSpec, paths: readonly string[]): Command {
  const says = `remove ${paths.length} files the source does not have`
  const locked = `cd "$1"\nexec 9< "$2"\nflock -n -E ${storeIsLocked} 9`
  const listed = paths.map((path) => `${path}\0`).join('')
  // A command of words alone needs no session of its own.
  return Buffer.byteLength(listed) <= wordsBytesMax
    ? changes(says, script(`${locked}\nshift 2\nrm -f -- "$@"`, spec.home, lockDir(spec), ...paths))
    : changes(says, script(`${locked}\nxargs -0 -r rm -f --`, spec.home, lockDir(spec)), { stdin: listed })
}

/** Brings what was copied to the disk. */
export const syncStore = (spec: NodeSpec) =>
  changes(
    'bring the store to the disk',
    script('if [ -d "$1" ]; then find "$1" -type f -exec sync {} +; fi', homeFiles(spec.home).data),
    {
      timeoutMs: 120_000,
    },
  )

/** True (exit 0) when nobody holds the store. */
export const storeIsFree = (spec: NodeSpec) =>
  reads('try the store lock', ['flock', '-n', lockDir(spec), 'true'])

/** The guard: holds the store's lock until it is killed, at most a day, so that no other starter opens the store. */
export const guardArgv = (spec: NodeSpec): Command['argv'] => ['flock', '-n', lockDir(spec), 'sleep', '86400']

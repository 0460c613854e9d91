import { type Command, changes, reads, script } from '../../base/command.ts'
import { EvhaError } from '../../base/errors.ts'
import { immutableSuffix, valueLogSuffix } from '../../evnode/store.ts'
import type { Tree } from './tree.ts'

/** One file of a manifest: apparent size in bytes, and a digest of its content that never reads a hole. */
export interface ManifestEntry {
  readonly size: number
  /** `full:` sha256 of the content, or `holes:` sha256 of GNU tar's sparse form of it; `unread`: equal to nothing. */
  readonly digest: string
  /** What it takes on the disk, bytes: what a copy of it moves. */
  readonly dataBytes: number
}

export type Manifest = ReadonlyMap<string, ManifestEntry>

/** Stands for the digest of a file that was only named. */
export const unread = 'unread'

/**
 * Digests that need not be computed again, kept on the host itself: a file whose inode, ctime and size are those of its
 * mark has the digest of the mark. All of them are void as soon as the source runs under another invocation id.
 */
export interface Marks {
  /** Where they lie on the host, absolute. */
  readonly file: string
  /** Of the source's unit, at the time its files are read. */
  readonly invocation: string
  /**
   * What may be marked. Under a running node only what it has done with, tables and all value logs but the newest, and only
   * where it has rested: a node writes through memory maps, and what it writes into a page it has touched leaves the ctime alone.
   * At a standstill, and on a peer, where nothing but a copy writes: everything. `nothing`: marks are trusted and none is
   * noted. `unread`: the same, and what is not marked is only named, without a digest: no content is read.
   */
  readonly mark: 'doneWith' | 'everything' | 'nothing' | 'unread'
}

/** So long may a manifest be: some hundred thousand files. */
export const listingBytesMax = 16 * 1024 * 1024

/** A file that was touched less than so many seconds ago may still be written; a node takes well below a second for a table. */
const restedSeconds = 10

/** How to list a store. */
export interface Listing {
  /** Every zero block is made a hole first, so that equal content has equal holes. */
  readonly dug?: boolean
  readonly marks?: Marks
  /** Files that vanish while they are read are left out: the node runs. */
  readonly running?: boolean
  readonly timeoutMs?: number
}

/**
 * Prints the manifest of a tree: one line `SIZE BYTES DIGEST PATH` a file, tabs between. A file that is mostly hole is
 * digested in GNU tar's sparse form, which lists and reads only its data: a 2 GiB preallocated log costs
 * milliseconds, not 14 s. That form depends on where the holes lie, so `dug` first makes every zero block a hole.
 */
export function manifestOf(tree: Tree, listing: Listing): Command {
  const argv = script(`${manifestFunction}\nmanifest "$@"`, ...manifestWords(tree, listing))
  const options = { timeoutMs: listing.timeoutMs ?? 120_000, outputBytesMax: listingBytesMax }
  if (listing.dug === true) return changes(`dig holes and list ${tree.what}`, argv, options)
  const { mark = 'nothing' } = listing.marks ?? {}
  if (mark === 'unread') return reads(`list ${tree.what} by its marks`, argv, options)
  return mark === 'nothing'
    ? reads(`list ${tree.what} with its digests`, argv, options)
    : changes(`list ${tree.what} with its digests, and note them`, argv, options)
}

/** What the shell function `manifest` wants as its words. */
export function manifestWords(tree: Tree, { dug, marks, running }: Listing): string[] {
  return [
    tree.root,
    tree.dir,
    tree.leftOut.join(' '),
    dug === true ? 'dug' : 'asis',
    running === true ? 'running' : 'still',
    marks?.file ?? '',
    marks?.invocation ?? '',
    marks?.mark ?? '',
  ]
}

/** So many paths stand as words of one program; what is more goes through xargs. */
const wordsMax = 100

/**
 * Everything that was marked costs one find and one awk; only the rest is read. Each program costs a host a millisecond
 * and more while the chain stands still: there is none here that the shell, or another one, can do without.
 */
export const manifestFunction = `
manifest() (
  root=$1 dir=$2 out=$3 dig=$4 state=$5 marks=$6 invocation=$7 mark=$8 now=0
  [ -d "$root/$dir" ] || exit 0
  scratch=$(mktemp -d /tmp/evha-manifest.XXXXXX)
  trap 'rm -rf -- "$scratch"' EXIT
  trap 'exit 143' HUP INT TERM
  cd "$root"
  tab='\t' noted=
  set -f -- -name ''
  for name in $out; do set -- "$@" -o -name "$name"; done
  set +f
  if [ "$dig" = dug ]; then find "$dir" '(' "$@" ')' -prune -o -type f -size +2048 -exec fallocate --dig-holes -- {} \\; ; fi
  old=/dev/null
  if [ -n "$marks" ] && [ -e "$marks" ]; then old=$marks; fi
  if [ "$mark" = doneWith ]; then now=$(date +%s); fi
  if [ -n "$marks" ] && [ "$mark" != nothing ] && [ "$mark" != unread ]; then
    noted=$marks.new
    [ -d "\${marks%/*}" ] || mkdir -p "\${marks%/*}"
  fi
  export LC_ALL=C scratch invocation mark now noted
  : > "$scratch/holes"; : > "$scratch/full"; : > "$scratch/stay"
  find "$dir" '(' "$@" ')' -prune -o -type f -printf '%i:%C@:%s\\t%b\\t%p\\n' > "$scratch/list" || [ "$state" = running ]
  awk -F '\\t' '
    FILENAME == ARGV[1] { if (FNR == 1) valid = $0 == "# " ENVIRON["invocation"]; else if (valid) digest[$1] = $2; next }
    { split($1, part, ":"); size = part[3] + 0; bytes = $2 * 512; if (bytes > size) bytes = size }
    $1 in digest { print part[3] "\\t" bytes "\\t" digest[$1] "\\t" $3; print $1 "\\t" digest[$1] > (ENVIRON["scratch"] "/stay"); next }
    ENVIRON["mark"] == "unread" { print part[3] "\\t" bytes "\\tunread\\t" $3; next }
    { print > (ENVIRON["scratch"] (size > 1048576 && $2 * 1024 < size ? "/holes" : "/full")) }
  ' "$old" "$scratch/list"
  if [ ! -s "$scratch/holes" ] && [ ! -s "$scratch/full" ]; then exit 0; fi
  while IFS="$tab" read -r key blocks path; do
    tar --format=gnu --sparse --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0600 -cf - -- "$path" | sha256sum
    [ -e "$path" ] || [ "$state" = still ] || echo gone
  done < "$scratch/holes" > "$scratch/sparse"
  set --
  while [ $# -le ${wordsMax} ] && IFS="$tab" read -r key blocks path; do set -- "$@" "$path"; done < "$scratch/full"
  if [ $# -gt ${wordsMax} ]; then cut -f 3 "$scratch/full" | tr '\\n' '\\0' | xargs -0 sha256sum -- > "$scratch/sums" || [ "$state" = running ]
  elif [ $# -gt 0 ]; then sha256sum -- "$@" > "$scratch/sums" || [ "$state" = running ]
  else : > "$scratch/sums"; fi
  awk -F '\\t' '
    function numberIn(path) { sub(".*/", "", path); return path + 0 }
    function isDoneWith(path) { return path ~ /[.]${immutableSuffix}$/ || (path ~ logs && numberIn(path) < newest[dirOf(path)]) }
    function dirOf(path) { sub("[^/]*$", "", path); return path }
    BEGIN { logs = "/[0-9]+[.]${valueLogSuffix}$"; noted = ENVIRON["noted"]; if (noted != "") print "# " ENVIRON["invocation"] > noted }
    FILENAME == ARGV[1] { if ($3 ~ logs && numberIn($3) > newest[dirOf($3)]) newest[dirOf($3)] = numberIn($3); next }
    FILENAME == ARGV[2] { if (noted != "") print > noted; next }
    FILENAME == ARGV[3] { if ($0 == "gone") delete sparse[n]; else sparse[++n] = substr($0, 1, 64); next }
    FILENAME == ARGV[4] { sum[substr($0, 67)] = substr($0, 1, 64); next }
    FILENAME == ARGV[5] { if (!(FNR in sparse)) next; digest = "holes:" sparse[FNR] }
    FILENAME == ARGV[6] { if (!($3 in sum)) next; digest = "full:" sum[$3] }
    { split($1, part, ":"); bytes = $2 * 512; if (bytes > part[3] + 0) bytes = part[3] + 0
      print part[3] "\\t" bytes "\\t" digest "\\t" $3 }
    noted != "" && (ENVIRON["mark"] == "everything" || (isDoneWith($3) && ENVIRON["now"] - part[2] >= ${restedSeconds})) {
      print $1 "\\t" digest > noted }
  ' "$scratch/list" "$scratch/stay" "$scratch/sparse" "$scratch/sums" "$scratch/holes" "$scratch/full"
  if [ -n "$noted" ]; then mv -f "$noted" "$marks"; fi
)`.trim()

/** Reads what `manifestOf` printed. A line that is none is refused: two lists that are cut off alike must not be equal. */
export function readManifest(text: string): Manifest {
  const lines = text.split('\n').filter(Boolean)
  return new Map(lines.map(entryIn).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function entryIn(line: string): [path: string, entry: ManifestEntry] {
  const [, size, bytes, digest, path] =
    /^(\d+)\t(\d+)\t((?:full|holes):[0-9a-f]{64}|unread)\t(.+)$/s.exec(line) ?? []
  if (digest !== undefined && path !== undefined)
    return [path, { size: Number(size), digest, dataBytes: Number(bytes) }]
  throw new EvhaError({
    kind: 'failed',
    message: `the list of a store holds a line that is none: ${JSON.stringify(line.slice(0, 120))}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'a name in the data directory holds a newline, or the list was cut off; look at the named host',
  })
}

/** What a copy has to do so that `there` becomes `here`. */
export interface Difference {
  readonly toCopy: readonly string[]
  readonly toRemove: readonly string[]
}

export function difference(here: Manifest, there: Manifest): Difference {
  const same = (path: string, entry: ManifestEntry) => {
    const other = there.get(path)
    if (other === undefined || entry.digest === unread) return false
    return other.size === entry.size && other.digest === entry.digest
  }
  return {
    toCopy: [...here].filter(([path, entry]) => !same(path, entry)).map(([path]) => path),
    toRemove: [...there.keys()].filter((path) => !here.has(path)),
  }
}

import { type Command, changes, reads, script } from '../../base/command.ts'

/** Reads a small text file whole. */
export const readFile = (path: string) => reads(`read ${path}`, ['cat', '--', path])

/** The same for a file with a secret in it: its content reaches neither log nor journal. */
export const readSecretFile = (path: string) =>
  reads(`read ${path}`, ['cat', '--', path], { sensitive: true })

/** Prints `sha256 path` for each file that exists. */
export const digests = (paths: readonly string[]) =>
  reads(
    `digest ${paths.length} file${paths.length === 1 ? '' : 's'}`,
    script('for f in "$@"; do if [ -f "$f" ]; then sha256sum -- "$f"; fi; done', ...paths),
    { timeoutMs: 60_000 },
  )

/** path -> sha256 (hex) of what `digests` printed; absent files are absent. */
export function readDigests(text: string): Map<string, string> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line.length > 66)
      .map((line) => [line.slice(66), line.slice(0, 64)] as const),
  )
}

/** Removes files and directories, and a drop-in's directory with its last one; brings that to the disk. Absent ones are fine. */
export const remove = (says: string, paths: readonly string[]) =>
  changes(
    says,
    script(
      `for path in "$@"; do
  rm -rf -- "$path"
  at=\${path%/*}
  case $at in *.d) if rmdir -- "$at" 2>/dev/null; then at=\${at%/*}; fi ;; esac
  if [ -d "$at" ]; then sync "$at"; fi
done`,
      ...paths,
    ),
  )

/** Makes directories with a mode and, when given, an owner. */
export const makeDirs = (mode: string, owner: string, paths: readonly string[]): Command =>
  changes(
    'make directories',
    script(
      `mode=$1 owner=$2
shift 2
for dir in "$@"; do
  if [ ! -d "$dir" ]; then mkdir -p "$dir"; chmod "$mode" "$dir"; if [ -n "$owner" ]; then chown "$owner" "$dir"; fi; fi
done`,
      mode,
      owner,
      ...paths,
    ),
  )

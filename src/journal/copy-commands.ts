import { type Command, changes, reads, script } from '../base/command.ts'
import type { FirstLines } from './first-lines.ts'
import { lineHash } from './line.ts'
import { journalName } from './read-journal.ts'

/** The runbook as it was when the run began, beside each copy of its journal. */
export const runbookName = 'runbook.yaml'

/** Exit code of an append to a copy that is not the one it should follow. */
export const notThatCopy = 3

/** A copy grows by a line a few times a second at most; a host that takes longer is left behind, not waited for. */
const appendTimeoutMs = 5_000
const layTimeoutMs = 30_000
/** A journal of so many bytes is no run that evha ever drove. */
const copyBytesMax = 64 * 1024 * 1024

const bytesOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

/** So many bytes may stand in the command itself: a program less on the host, and nothing of it can be lost on its way. */
const wordBytesMax = 8 * 1024

const asWord = 'printf %s "$3" >>"$file"\nsync "$file"'
/** Here a stream that was cut off must not count as all of it. */
const onStdin = 'cat >>"$file"\nsync "$file"\n[ "$(stat -c %s "$file")" = "$3" ]'

/**
 * Appends lines to the copy below `dir`, fsynced. Exit 3, and nothing is changed, when the copy is not exactly what
 * stands `before` them, by its digest.
 */
export function appendToCopy(dir: string, before: FirstLines, lines: readonly string[]): Command {
  const more = bytesOf(lines)
  const bytes = Buffer.byteLength(more)
  const isWord = bytes <= wordBytesMax
  return changes(
    'keep the journal',
    script(
      `file=$1
[ -e "$file" ] || exit ${notThatCopy}
exec 9>"$file.lock"
flock -w 3 9
sum=$(sha256sum <"$file")
[ "\${sum%% *}" = "$2" ] || exit ${notThatCopy}
${isWord ? asWord : onStdin}`,
      `${dir}/${journalName}`,
      before.digest,
      isWord ? more : String(before.bytes + bytes),
    ),
    { ...(isWord ? {} : { stdin: more }), timeoutMs: appendTimeoutMs, often: true },
  )
}

/** Lays journal and runbook whole below `dir`; what stood there as the journal is kept beside it once it differs. */
export function layCopy(dir: string, lines: readonly string[], runbookText: string): Command {
  const journal = bytesOf(lines)
  return changes(
    'lay the journal',
    script(
      `dir=$1 file=$1/${journalName} runbook=$1/${runbookName}
mkdir -p "$dir"
umask 077
exec 9>"$file.lock"
flock -w 3 9
head -c "$2" >"$runbook.new"
cat >"$file.new"
sum=$(sha256sum <"$file.new")
[ "\${sum%% *}" = "$3" ]
sync "$runbook.new" "$file.new"
mv -f "$runbook.new" "$runbook"
if [ -e "$file" ]; then
  old=$(sha256sum <"$file")
  same=$(head -c "$(stat -c %s "$file")" "$file.new" | sha256sum)
  if [ "$old" != "$same" ]; then mv -f "$file" "$file.superseded"; fi
fi
mv -f "$file.new" "$file"
sync "$dir"`,
      dir,
      String(Buffer.byteLength(runbookText)),
      lineHash(journal),
    ),
    { stdin: `${runbookText}${journal}`, timeoutMs: layTimeoutMs },
  )
}

/** Prints the copy below `dir`, or nothing when there is none. */
export const readCopy = (dir: string): Command =>
  reads(
    'read the copy of the journal',
    script(`if [ -e "$1/${journalName}" ]; then cat "$1/${journalName}"; fi`, dir),
    { outputBytesMax: copyBytesMax },
  )

export const readCopiedRunbook = (dir: string): Command =>
  reads('read the runbook of the run', ['cat', '--', `${dir}/${runbookName}`])

/** Prints `RUN` for each run below `runs` of which there is a copy. */
export const listCopies = (runs: string): Command =>
  reads(
    'list the runs that are kept here',
    script(
      `for journal in "$1"/*/${journalName}; do
  if [ -e "$journal" ]; then journal=\${journal%/*}; echo "\${journal##*/}"; fi
done`,
      runs,
    ),
  )

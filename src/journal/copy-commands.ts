import { type Command, changes, reads, script } from '../base/command.ts'
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

/**
 * Appends the lines behind the first `has` to the copy below `dir`, fsynced. Exit 3, and nothing is changed, when the
 * copy is not exactly those first lines, by size and digest.
 */
export function appendToCopy(dir: string, lines: readonly string[], has: number): Command {
  const before = bytesOf(lines.slice(0, has))
  const more = bytesOf(lines.slice(has))
  const size = Buffer.byteLength(before)
  return changes(
    'keep the journal',
    script(
      `cd "$1" 2>/dev/null || exit ${notThatCopy}
exec 9>.${journalName}.lock
flock -w 3 9
size() { stat -c %s ${journalName} 2>/dev/null || echo 0; }
[ "$(size)" = "$2" ] || exit ${notThatCopy}
sum=$(sha256sum < ${journalName})
[ "\${sum%% *}" = "$3" ] || exit ${notThatCopy}
cat >> ${journalName}
sync ${journalName}
[ "$(size)" = "$4" ]`,
      dir,
      String(size),
      lineHash(before),
      String(size + Buffer.byteLength(more)),
    ),
    { stdin: more, timeoutMs: appendTimeoutMs },
  )
}

/** Lays journal and runbook whole below `dir`; what stood there as the journal is kept beside it once it differs. */
export function layCopy(dir: string, lines: readonly string[], runbookText: string): Command {
  const journal = bytesOf(lines)
  return changes(
    'lay the journal',
    script(
      `umask 077
mkdir -p "$1"
cd "$1"
exec 9>.${journalName}.lock
flock -w 3 9
head -c "$2" > ${runbookName}.new
cat > ${journalName}.new
sum=$(sha256sum < ${journalName}.new)
[ "\${sum%% *}" = "$3" ]
sync ${runbookName}.new ${journalName}.new
mv -f ${runbookName}.new ${runbookName}
if [ -e ${journalName} ]; then
  old=$(sha256sum < ${journalName})
  same=$(head -c "$(stat -c %s ${journalName})" ${journalName}.new | sha256sum)
  if [ "$old" != "$same" ]; then mv -f ${journalName} ${journalName}.superseded; fi
fi
mv -f ${journalName}.new ${journalName}
sync .`,
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

import { reads, script } from '../../base/command.ts'
import type { Range } from '../../evnode/bolt.ts'
import { highestInRaftLog, raftLogName } from '../../evnode/raft-heights.ts'
import { must } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'

/** What is read of a file at once: entries are looked at, not blocks. */
const outputBytesMax = 4 * 1024 * 1024

/** Prints the size of a file, then each range of it in base64, one a line; nothing for a file that is not there. */
const readRanges = (path: string, ranges: readonly Range[]) =>
  reads(
    'read the last entries of the Raft log',
    script(
      `file=$1
shift
[ -f "$file" ] || exit 0
stat -c %s "$file"
while [ $# -gt 0 ]; do
  tail -c "+$1" "$file" | head -c "$2" | base64 -w 0
  echo
  shift 2
done`,
      path,
      ...ranges.flatMap(({ at, length }) => [String(at + 1), String(length)]),
    ),
    { outputBytesMax },
  )

/** The highest block in the Raft log of a stopped node; null where there is none that can be read. */
export async function highestInRaftLogOf(context: StepContext, host: Host): Promise<number | null> {
  const path = `${host.spec.raftDir}/${raftLogName}`
  const asked = async (ranges: readonly Range[]) =>
    (await must(context, host, readRanges(path, ranges))).split('\n')
  const [size = ''] = await asked([])
  if (size === '') return null
  return highestInRaftLog(async (ranges) => {
    const [, ...lines] = await asked(ranges)
    return ranges.map((_, i) => Buffer.from(lines[i] ?? '', 'base64'))
  }, Number(size))
}

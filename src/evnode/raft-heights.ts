import { lastEntries, NotBolt, type ReadRanges } from './bolt.ts'
import { objectOr } from './json.ts'
import { readVarint } from './wire.ts'

/** The file of a node's Raft log, below its Raft directory (evnode.md: `raft-log.db`). */
export const raftLogName = 'raft-log.db'

/** So many last entries are looked at: a leader that lost its lease proposes again what it had proposed, not more. */
const entriesMax = 512
/** Raft's own fields, then the block's: its height is the first of them. */
const headBytes = 256
/** The stand-in's log is text; its last lines are in here. */
const textBytes = 256 * 1024

/**
 * The highest block that the last entries of a node's Raft log hold, committed or not; 0 where it holds none. A leader has
 * its block in the log of a majority before it is in any store. Null for a file that can not be read as such a log.
 */
export async function highestInRaftLog(read: ReadRanges, fileBytes: number): Promise<number | null> {
  if (fileBytes === 0) return 0
  const [first = Buffer.alloc(0)] = await read([{ at: 0, length: 1 }])
  if (first.toString('latin1') === '{') return highestInText(read, fileBytes)
  try {
    const heads = await lastEntries(read, 'logs', { max: entriesMax, headBytes })
    return Math.max(0, ...heads.map(heightIn))
  } catch (thrown) {
    if (thrown instanceof NotBolt || thrown instanceof RangeError) return null
    throw thrown
  }
}

/** Raft's entry is msgpack; `Data` of a command is the node's RaftBlockState, whose first field is the height. */
function heightIn(head: Buffer): number {
  const name = Buffer.from('\xa4Data', 'latin1')
  const at = head.indexOf(name)
  if (at === -1) return 0
  const data = bytesAt(head, at + name.length)
  // Field 1, a varint. A change of members begins otherwise.
  return data?.[0] === 0x08 ? Number(readVarint(data, 1)?.value ?? 0n) : 0
}

/** What msgpack keeps bytes in: its old strings, or its binary type. Only as much as is at hand. */
function bytesAt(from: Buffer, at: number): Buffer | null {
  const kind = from[at] ?? 0
  if (kind >= 0xa0 && kind <= 0xbf) return from.subarray(at + 1, at + 1 + (kind & 0x1f))
  const sizeBytes = { 196: 1, 197: 2, 198: 4, 217: 1, 218: 2, 219: 4 }[kind]
  return sizeBytes === undefined ? null : from.subarray(at + 1 + sizeBytes)
}

/** The lab's stand-in keeps one entry a line. */
async function highestInText(read: ReadRanges, fileBytes: number): Promise<number | null> {
  const at = Math.max(0, fileBytes - textBytes)
  const [bytes = Buffer.alloc(0)] = await read([{ at, length: fileBytes - at }])
  const lines = bytes.toString('utf8').split('\n')
  const entries = lines.map(objectOr).filter((entry) => entry !== undefined)
  if (entries.length === 0) return null
  return Math.max(0, ...entries.map(heightOfEntry))
}

function heightOfEntry(entry: Readonly<Record<string, unknown>>): number {
  const { block, height } = entry as {
    readonly block?: { readonly header?: { readonly height?: unknown } }
    readonly height?: unknown
  }
  const found = block?.header?.height ?? height
  return typeof found === 'number' ? found : 0
}

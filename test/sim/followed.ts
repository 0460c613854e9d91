import { decodeLine, noPrevious } from '../../src/journal/line.ts'
import { journalName } from '../../src/journal/read-journal.ts'
import type { JournalRecord } from '../../src/journal/record.ts'
import { findRun } from '../../src/journal/runs.ts'
import { advance, begin, type Snapshot, type StateView, viewOf } from '../../src/machine/decider.ts'
import { eventOf, inputOf } from '../../src/run/rebuild.ts'
import { type Disk, mount } from './disk.ts'
import type { Sim } from './sim.ts'

const quiet = { writes: () => null, synced: () => undefined, dead: false }

interface Seen {
  readonly dir: string
  readonly bytes: Buffer
  readonly records: readonly JournalRecord[]
  readonly head: string
  readonly snapshot: Snapshot
}

const seen = new WeakMap<Disk, Seen>()

/** The newest run of a workstation as its journal tells it, read by nobody in particular. Null where no run was begun. */
export function followed(
  sim: Sim,
  disk: Disk,
): { readonly records: readonly JournalRecord[]; readonly view: StateView } | null {
  const dir = newestRunOn(disk)
  if (dir === null) return null
  const bytes = Buffer.from(disk.text(`${dir}/${journalName}`) ?? '')
  const before = seen.get(disk)
  // Journals grow, and a run is asked often where it stands: only what is new is decoded and given to the machine.
  const grown = before?.dir === dir && bytes.subarray(0, before.bytes.length).equals(before.bytes)
  const now = read(bytes, grown ? before : { dir, ...nothing, snapshot: begin(inputOf(sim.runbook)) })
  seen.set(disk, now)
  // A record whose newline did not arrive counts, as for whoever takes the run up.
  const last = decodeLine(bytes.subarray(now.bytes.length), now.records.length, now.head)
  const all = last.kind === 'record' ? added(now, last.record) : now
  return all.records.length === 0 ? null : { records: all.records, view: viewOf(all.snapshot) }
}

function added(to: Seen, record: JournalRecord): Pick<Seen, 'records' | 'snapshot'> {
  return {
    records: [...to.records, record],
    snapshot: eventOf(record).reduce((before, event) => advance(before, event), to.snapshot),
  }
}

const nothing = { bytes: Buffer.alloc(0), records: [], head: noPrevious }

/** A torn last line is left out; one that is damaged ends the reading, and the judge reads the whole file at the end. */
function read(bytes: Buffer, from: Seen): Seen {
  const records = [...from.records]
  let { head, snapshot } = from
  let at = from.bytes.length
  for (let end = bytes.indexOf(0x0a, at); end !== -1; end = bytes.indexOf(0x0a, at)) {
    const line = bytes.subarray(at, end)
    const decoded = decodeLine(line, records.length, head)
    if (decoded.kind === 'damaged') break
    records.push(decoded.record)
    for (const event of eventOf(decoded.record)) snapshot = advance(snapshot, event)
    head = decoded.hash
    at = end + 1
  }
  return { dir: from.dir, bytes: bytes.subarray(0, at), records, head, snapshot }
}

function newestRunOn(disk: Disk): string | null {
  const { path, free } = mount(disk, quiet)
  try {
    return findRun(path).dir.slice(path.length)
  } catch {
    return null
  } finally {
    free()
  }
}

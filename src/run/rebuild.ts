import { readFileSync } from 'node:fs'
import type { StepName } from '../base/names.ts'
import { readJournal } from '../journal/read-journal.ts'
import type { JournalRecord, RecordOf } from '../journal/record.ts'
import type { RunFiles } from '../journal/runs.ts'
import { begin, type RunEvent, replay, type Snapshot } from '../machine/decider.ts'
import { type LoadedRunbook, runbookFromText } from '../runbook/load.ts'

/** A run as it lies on the disk, read without its lock. */
export interface StoredRun {
  readonly files: RunFiles
  readonly header: RecordOf<'header'>
  readonly records: readonly JournalRecord[]
  readonly runbook: LoadedRunbook
}

/** Reads a run without touching it; a torn last line is left out. */
export function readRun(files: RunFiles): StoredRun {
  const { header, records } = readJournal(files.dir)
  return {
    files,
    header,
    records,
    runbook: runbookFromText(readFileSync(files.runbook, 'utf8'), files.runbook),
  }
}

interface Replayed {
  readonly input: ReturnType<typeof inputOf>
  readonly count: number
  readonly last: JournalRecord | undefined
  readonly snapshot: Snapshot
}

/** A resume asks where its journal stands from several sides; records are only ever added to it. */
const replays = new WeakMap<readonly JournalRecord[], Replayed>()

/** The machine as the journal left it: every outcome and event once more through the pure transition, each once. */
export function snapshotOf(stored: {
  readonly records: readonly JournalRecord[]
  readonly runbook: InputOf
}): Snapshot {
  const { records } = stored
  const input = inputOf(stored.runbook)
  const before = replays.get(records)
  const from = before !== undefined && goesOn(before, records, input) ? before : null
  const snapshot = replay(from?.snapshot ?? begin(input), records.slice(from?.count ?? 0).flatMap(eventOf))
  replays.set(records, { input, count: records.length, last: records.at(-1), snapshot })
  return snapshot
}

const goesOn = (
  { input, count, last }: Replayed,
  records: readonly JournalRecord[],
  now: Replayed['input'],
) =>
  records[count - 1] === last &&
  input.chain === now.chain &&
  input.source === now.source &&
  input.nodes === now.nodes

/** What of a runbook the machine is told. */
type InputOf = Pick<LoadedRunbook, 'chain' | 'source' | 'nodes'>

export function inputOf(runbook: InputOf): Parameters<typeof begin>[0] {
  return { chain: runbook.chain, source: runbook.source.name, nodes: runbook.nodes.length }
}

/** What a record means to the machine; most mean nothing to it. */
export function eventOf(record: JournalRecord): RunEvent[] {
  if (record.type === 'event') return [record.event as unknown as RunEvent]
  if (record.type !== 'outcome') return []
  const step = record.step as StepName
  if (record.ok) return [{ type: 'STEP_DONE', step, output: record.output ?? null }]
  return record.failure === undefined ? [] : [{ type: 'STEP_FAILED', step, failure: record.failure }]
}

/** The step whose intent has no outcome yet: its effect may have happened, wholly, partly or not at all. */
export function unsettled(records: readonly JournalRecord[]): StepName | null {
  const last = records.findLast((record) => record.type === 'intent' || record.type === 'outcome')
  return last?.type === 'intent' ? (last.step as StepName) : null
}

/** Epoch ms at which the open window's budget is spent: counted from the cutover's approval of this attempt. */
export function windowDeadline(records: readonly JournalRecord[], budgetSeconds: number): number | null {
  for (const record of records.toReversed()) {
    if (record.type !== 'event') continue
    const event = record.event as unknown as RunEvent
    if (event.type === 'NEXT_ATTEMPT') return null
    if (event.type === 'APPROVE' && event.gate === 'cutover')
      return Date.parse(record.at) + budgetSeconds * 1_000
  }
  return null
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '../../src/journal/read-journal.ts'
import type { JournalRecord } from '../../src/journal/record.ts'
import type { Snapshot } from '../../src/machine/decider.ts'
import { machineVersion } from '../../src/machine/migrate.ts'
import { snapshotOf } from '../../src/run/rebuild.ts'
import type { LoadedRunbook } from '../../src/runbook/load.ts'
import { runbookFromText } from '../../src/runbook/load.ts'

const root = join(import.meta.dirname, '..', 'fixtures', 'journals')

/** A run of the lab that went this way, as it stood after each line of its journal. */
export interface RecordedRun {
  readonly runbook: LoadedRunbook
  readonly moments: readonly { readonly records: readonly JournalRecord[]; readonly snapshot: Snapshot }[]
}

/** The journal that today's machine wrote of a run with this outcome. */
export function recordedRun(outcome: 'returned' | 'done'): RecordedRun {
  const release = readdirSync(root).find((name) => name.endsWith(`-machine-${machineVersion}`)) ?? ''
  const dir = join(root, release, outcome)
  const file = join(dir, 'runbook.yaml')
  const runbook = runbookFromText(readFileSync(file, 'utf8'), file)
  const { records } = readJournal(dir)
  const moments = records.map((_, i) => {
    const until = records.slice(0, i + 1)
    return { records: until, snapshot: snapshotOf({ records: until, runbook }) }
  })
  return { runbook, moments }
}

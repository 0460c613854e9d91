import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '../../src/journal/read-journal.ts'
import type { JournalRecord } from '../../src/journal/record.ts'
import { runFiles } from '../../src/journal/runs.ts'
import { type Snapshot, viewOf } from '../../src/machine/decider.ts'
import { machineVersion } from '../../src/machine/migrate.ts'
import { readRun, type StoredRun, snapshotOf } from '../../src/run/rebuild.ts'
import { scratch } from '../journal/scratch.ts'

/** Journals that evhas really wrote, recorded from the lab: VERSION-MACHINE/OUTCOME. */
export const recordings = join(import.meta.dirname, '..', 'fixtures', 'journals')

/** One of them, in a state directory of its own. */
export function storedRun(
  release: string,
  outcome: string,
): { readonly stateDir: string; readonly stored: StoredRun } {
  const from = join(recordings, release, outcome)
  const stateDir = scratch()
  const files = runFiles(stateDir, readJournal(from).header.run)
  cpSync(from, files.dir, { recursive: true })
  return { stateDir, stored: readRun(files) }
}

/** A run as it stood after a line of its journal. */
export interface Moment {
  readonly path: string
  readonly records: readonly JournalRecord[]
  readonly snapshot: Snapshot
}

/** A run that today's machine led to this outcome, moment by moment. */
export function recordedRun(outcome: 'returned' | 'done') {
  const release = readdirSync(recordings).find((name) => name.endsWith(`-machine-${machineVersion}`)) ?? ''
  const { runbook, records } = storedRun(release, outcome).stored
  const moments = records.map((_, i): Moment => {
    const until = records.slice(0, i + 1)
    const snapshot = snapshotOf({ records: until, runbook })
    return { path: viewOf(snapshot).path, records: until, snapshot }
  })
  return { runbook, records, moments }
}

/** The states in which it is so, in their order. */
export const pathsWhere = <T extends { readonly path: string }>(
  all: readonly T[],
  is: (one: T) => boolean,
) => [...new Set(all.filter(is).map(({ path }) => path))]

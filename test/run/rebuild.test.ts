// A resume asks its journal several times where the run stands: each record goes through the machine once.
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../src/journal/record.ts'
import { viewOf } from '../../src/machine/decider.ts'
import { snapshotOf } from '../../src/run/rebuild.ts'
import { runbookOf } from '../sim/sim.ts'

const runbook = runbookOf(3)

const records = [
  { type: 'header' },
  { type: 'intent', step: 'check' },
  { type: 'outcome', step: 'check', ok: true, output: { found: 'what was looked for' } },
  { type: 'outcome', step: 'preparePeers', ok: true },
  { type: 'event', event: { type: 'ABORT' } },
] as unknown as readonly JournalRecord[]

test('records that are added later give the state that all of them give at once', () => {
  const growing: JournalRecord[] = []
  const paths = records.map((record) => {
    growing.push(record)
    return viewOf(snapshotOf({ records: growing, runbook })).path
  })
  expect(paths).toEqual(
    records.map((_, i) => viewOf(snapshotOf({ records: records.slice(0, i + 1), runbook })).path),
  )
  expect(new Set(paths).size).toBe(4)
})

test('a journal that was replayed is not replayed again', () => {
  const first = snapshotOf({ records, runbook })
  expect(snapshotOf({ records, runbook })).toBe(first)
})

test('it is replayed for the runbook it is asked with, and from the beginning where its records are others', () => {
  const growing = [...records]
  expect(snapshotOf({ records: growing, runbook }).context.nodes).toBe(3)
  expect(snapshotOf({ records: growing, runbook: runbookOf(5) }).context.nodes).toBe(5)
  growing.splice(2, 3)
  expect(viewOf(snapshotOf({ records: growing, runbook })).path).toBe('check')
})

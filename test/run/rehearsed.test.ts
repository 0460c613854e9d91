import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  keepRecord,
  listRecords,
  type RehearsalRecord,
  spreadOf,
  subjectDigest,
} from '../../src/run/rehearsal-record.ts'
import { heldToRehearsal, rehearsedFor } from '../../src/run/rehearsed.ts'
import { subjectOf } from '../../src/run/subject.ts'
import { runbookFromText } from '../../src/runbook/load.ts'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext, StepRegistry } from '../../src/steps/step.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'evha-rehearsed-'))
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const text = readFileSync(join(import.meta.dirname, '..', '..', 'runbooks', 'single-to-ha.yaml'), 'utf8')
const runbook = runbookFromText(text, 'runbook.yaml')
const seen = { binarySha256: 'aa', settingsSha256: 'bb' }
const subject = subjectOf(runbook, seen)

function kept(changed: Partial<RehearsalRecord> = {}): RehearsalRecord {
  const record: RehearsalRecord = {
    version: 1,
    id: `rehearsal-${Math.random()}`,
    at: '2026-11-25T00:00:00Z',
    ok: true,
    on: 'staging',
    standIn: false,
    chain: 'c',
    runbook: 'r',
    runs: ['x'],
    subject,
    digest: subjectDigest(subject),
    parts: {},
    gap: null,
    overrun: null,
    failover: null,
    allVoting: null,
    rollback: null,
    seededBytes: 0,
    signedTwice: [],
    failure: null,
    ...changed,
  }
  keepRecord(stateDir, record)
  return record
}

const asked = (digest: string) => ({ stateDir, rehearsal: { kind: 'named', digest } as const })

test('production wants a rehearsal or a name; staging neither', () => {
  expect(() => rehearsedFor(runbook, { stateDir })).toThrow(
    /no rehearsal is named for the migration of my-chain/,
  )
  expect(rehearsedFor({ ...runbook, staging: true }, { stateDir })).toBeNull()
  const waived = rehearsedFor(runbook, { stateDir, rehearsal: { kind: 'waived', by: 'Ada L.' } })
  expect(waived).toEqual({ waivedBy: 'Ada L.' })
})

test('the flag or the runbook names it, by its first twelve digits at least', () => {
  const { digest, id } = kept()
  expect(rehearsedFor(runbook, asked(digest))).toMatchObject({ digest, record: id })
  expect(rehearsedFor({ ...runbook, rehearsal: digest.slice(0, 12) }, { stateDir })).toMatchObject({ digest })
  expect(() => rehearsedFor(runbook, asked(digest.slice(0, 11)))).toThrow(/no rehearsal .* is kept/)
  expect(() => rehearsedFor(runbook, asked('0'.repeat(64)))).toThrow(/no rehearsal 0+ is kept/)
})

test('one that did not go well stands for nothing, nor does a record that was changed by hand', () => {
  const { digest, id } = kept({ ok: false, failure: 'the leader did not come back' })
  expect(() => rehearsedFor(runbook, asked(digest))).toThrow(/did not go well: the leader did not come back/)
  const path = join(stateDir, 'rehearsals', `${id}.json`)
  const other = JSON.parse(readFileSync(path, 'utf8')) as RehearsalRecord
  writeFileSync(path, JSON.stringify({ ...other, ok: true, subject: { ...subject, binarySha256: 'cc' } }))
  expect(listRecords(stateDir)).toEqual([])
  expect(() => rehearsedFor(runbook, asked(digest))).toThrow(/no rehearsal/)
})

test.each([
  ['binarySha256', { ...seen, binarySha256: 'zz' }, /the node's binary is not the same/],
  [
    'settingsSha256',
    { ...seen, settingsSha256: 'zz' },
    /the node's settings is not the same|the node's settings are not the same/,
  ],
])('check holds the hosts to the %s that was rehearsed', async (_key, found, says) => {
  kept()
  const rehearsed = rehearsedFor(runbook, asked(subjectDigest(subject)))
  const real: StepRegistry = {
    ...steps,
    check: { ...steps.check, verify: () => Promise.resolve({ done: true, output: found } as never) },
  }
  const context = { runbook } as StepContext
  await expect(heldToRehearsal(real, rehearsed).check.verify(context)).rejects.toThrow(says)
  // Without it nobody would notice.
  await expect(real.check.verify(context)).resolves.toMatchObject({ done: true })
  await expect(heldToRehearsal(real, { waivedBy: 'Ada' }).check.verify(context)).resolves.toMatchObject({
    done: true,
  })
})

test('another number of nodes or another timing is another migration', () => {
  const digest = subjectDigest(subject)
  expect(subjectDigest(subjectOf({ ...runbook, nodes: runbook.nodes.slice(0, 3) }, seen))).not.toBe(digest)
  const timing = { heartbeatMs: 1, electionMs: 2, leaseMs: 1, sendMs: 1 }
  expect(subjectDigest(subjectOf({ ...runbook, raft: { ...runbook.raft, timing } }, seen))).not.toBe(digest)
})

test('median and 95th percentile are of what was measured', () => {
  expect(spreadOf([])).toBeNull()
  expect(spreadOf([5])).toEqual({ p50Ms: 5, p95Ms: 5, samples: 1 })
  expect(spreadOf(Array.from({ length: 100 }, (_, i) => i + 1))).toEqual({
    p50Ms: 50,
    p95Ms: 95,
    samples: 100,
  })
})

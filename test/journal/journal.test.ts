import { appendFileSync, readFileSync, statSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { Secret } from '../../src/base/secret.ts'
import { createJournal, openJournal } from '../../src/journal/journal.ts'
import { readJournal } from '../../src/journal/read-journal.ts'
import type { Entry } from '../../src/journal/record.ts'
import { Disk, installDisks, mount } from '../sim/disk.ts'
import { header } from './header.ts'
import { refusedBy, scratch } from './scratch.ts'

test('a journal begins with its header and is read back as it was written', () => {
  const dir = scratch()
  const journal = createJournal(dir, header, { now: () => Date.UTC(2026, 0, 31, 12) })
  journal.append({ type: 'intent', step: 'fence', attempt: 1, key: 'fence-1' })
  journal.append({ type: 'outcome', step: 'fence', attempt: 1, ok: true, output: { inode: 7 } })
  journal.close()
  const read = readJournal(dir)
  expect(read.header).toEqual({
    type: 'header',
    seq: 0,
    prev: '0'.repeat(64),
    at: '2026-01-31T12:00:00.000Z',
    ...header,
  })
  expect(read.records).toEqual(journal.records)
  expect(read.records.map((record) => record.type)).toEqual(['header', 'intent', 'outcome'])
  expect(read.head).toBe(journal.head)
  expect(statSync(journal.path).mode & 0o777).toBe(0o600)
})

const json = fc.jsonValue({ depthSize: 'small' })
const failure = fc.record({
  kind: fc.constantFrom('failed' as const, 'timeout' as const),
  message: fc.string({ unit: 'binary' }),
  changedAnything: fc.constantFrom('no' as const, 'unknown' as const),
  retryable: fc.boolean(),
  hint: fc.string(),
})
const step = { step: fc.string(), attempt: fc.nat() }
const entries: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ type: fc.constant('intent' as const), ...step, key: fc.string({ unit: 'binary' }) }),
  fc.record({ type: fc.constant('outcome' as const), ...step, ok: fc.constant(true), output: json }),
  fc.record({ type: fc.constant('outcome' as const), ...step, ok: fc.constant(false), failure }),
  fc.record({
    type: fc.constant('event' as const),
    event: fc.record({ type: fc.string(), output: json }),
  }),
  fc.record({
    type: fc.constant('approval' as const),
    gate: fc.string(),
    by: fc.string(),
    how: fc.string(),
    digest: fc.string(),
    chain: fc.string(),
    evidence: json,
    waitedMs: fc.nat(),
  }),
  fc.record({ type: fc.constant('note' as const), text: fc.string({ unit: 'binary' }), data: json }),
  fc.record({
    type: fc.constant('resumed' as const),
    pid: fc.nat(),
    host: fc.string(),
    user: fc.string(),
  }),
  fc.record({ type: fc.constant('ended' as const), outcome: fc.string(), exitCode: fc.nat() }),
)

test('whatever is appended, a resumed run sees what the live one saw', () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 8 }), fc.nat(8), (all, reopenAt) => {
      const dir = scratch()
      let journal = createJournal(dir, header)
      const returned = all.map((entry, index) => {
        if (index === reopenAt) {
          journal.close()
          journal = openJournal(dir)
        }
        return journal.append(entry)
      })
      journal.close()
      const { records } = readJournal(dir)
      expect(records.slice(1)).toStrictEqual(returned)
      expect(records.slice(1).map(({ seq: _, prev: __, at: ___, ...entry }) => entry)).toEqual(
        JSON.parse(JSON.stringify(all)),
      )
      expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => index))
    }),
    { numRuns: 60 },
  )
})

test('a record with the next: written at once, heard of and on the disk with the next one, or at the close', () => {
  installDisks()
  const disk = new Disk()
  const { path: dir, free } = mount(disk, { writes: () => null, synced: () => undefined, dead: false })
  const onDisk = () => {
    disk.losesPower('/journal.jsonl')
    return readJournal(dir).records.map(({ type }) => type)
  }
  createJournal(dir, header).close()
  let journal = openJournal(dir)
  let heard = 0
  journal.listen(() => {
    heard += 1
  })
  expect(journal.appendWithNext({ type: 'note', text: 'lost' }).seq).toBe(1)
  expect(readJournal(dir).records).toHaveLength(2)
  expect(heard).toBe(0)
  expect(onDisk()).toEqual(['header'])
  // The file is shorter than it was left: nothing is written after what was lost.
  expect(refusedBy(() => journal.append({ type: 'note', text: 'x' })).kind).toBe('contradiction')
  journal.close()

  journal = openJournal(dir)
  journal.listen(() => {
    heard += 1
  })
  journal.appendWithNext({ type: 'outcome', step: 'fence', attempt: 1, ok: true, output: null })
  journal.append({ type: 'intent', step: 'fence', attempt: 1, key: 'fence-1' })
  expect(heard).toBe(1)
  expect(onDisk()).toEqual(['header', 'outcome', 'intent'])
  journal.appendWithNext({ type: 'note', text: 'last' })
  journal.close()
  expect(onDisk()).toEqual(['header', 'outcome', 'intent', 'note'])
  free()
})

test('a secret is never written down', () => {
  const dir = scratch()
  const journal = createJournal(dir, header)
  const record = journal.append({ type: 'note', text: 'key', data: { signer: new Secret('hunter2') } })
  expect(record.data).toEqual({ signer: '[redacted]' })
  expect(readFileSync(journal.path, 'utf8')).not.toContain('hunter2')
})

test.each([
  ['a number JSON does not have', { height: 7n }, /cannot be written down: .*BigInt/],
  ['a line beyond the limit', 'x'.repeat(limits.journalLineBytesMax), /more than the 1048576 a journal line/],
])('%s is refused, and the journal goes on', (_, data, sentence) => {
  const dir = scratch()
  const journal = createJournal(dir, header)
  expect(refusedBy(() => journal.append({ type: 'note', text: 'too much', data })).message).toMatch(sentence)
  journal.append({ type: 'note', text: 'after' })
  expect(readJournal(dir).records.map((record) => record.type)).toEqual(['header', 'note'])
})

test("a record cannot overwrite the journal's own fields", () => {
  const journal = createJournal(scratch(), header)
  const entry = { type: 'note' as const, text: 'x', seq: 9 }
  expect(refusedBy(() => journal.append(entry)).message).toMatch(/field named like one of the journal's own/)
})

test('a run is begun once', () => {
  const dir = scratch()
  createJournal(dir, header).close()
  expect(refusedBy(() => createJournal(dir, header)).hint).toMatch(/evha resume/)
})

test('two writers are noticed before the second line is mixed in', () => {
  const dir = scratch()
  const first = createJournal(dir, header)
  const second = openJournal(dir)
  second.append({ type: 'note', text: 'mine' })
  const refusal = refusedBy(() => first.append({ type: 'note', text: 'no, mine' }))
  expect(refusal.kind).toBe('contradiction')
  expect(refusedBy(() => first.append({ type: 'note', text: 'again' })).kind).toBe('failed')
  expect(readJournal(dir).records).toHaveLength(2)
})

test('a closed journal takes nothing', () => {
  const journal = createJournal(scratch(), header)
  journal.close()
  journal.close()
  expect(refusedBy(() => journal.append({ type: 'note', text: 'late' })).message).toMatch(/it is closed/)
})

test('a record of a newer evha is named, not skipped', () => {
  const dir = scratch()
  createJournal(dir, header).close()
  const entry = { type: 'fork', text: 'unheard of' } as unknown as Entry
  const journal = openJournal(dir)
  journal.append(entry)
  const refusal = refusedBy(() => readJournal(dir))
  expect(refusal.kind).toBe('contradiction')
  expect(refusal.message).toMatch(/^line 2 of the journal .* is damaged: its type "fork" is not known/)
})

test('a directory without a journal is a mistake of usage, and an empty journal says that nothing was done', () => {
  const dir = scratch()
  expect(refusedBy(() => openJournal(dir)).kind).toBe('usage')
  appendFileSync(`${dir}/journal.jsonl`, '')
  expect(refusedBy(() => openJournal(dir)).message).toMatch(/ended before it did anything/)
})

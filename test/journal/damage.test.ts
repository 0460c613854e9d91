import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createJournal, openJournal } from '../../src/journal/journal.ts'
import { parseJournal, readJournal } from '../../src/journal/read-journal.ts'
import { header } from './header.ts'
import { refusedBy, scratch } from './scratch.ts'

/** A journal of four records, the last one with a text of that length. */
function written(textLength = 30): { readonly dir: string; readonly path: string; readonly bytes: Buffer } {
  const dir = scratch()
  const journal = createJournal(dir, header)
  journal.append({ type: 'intent', step: 'stopSource', attempt: 1, key: 'ü' })
  journal.append({ type: 'outcome', step: 'stopSource', attempt: 1, ok: true })
  journal.append({ type: 'note', text: 'y'.repeat(textLength) })
  journal.close()
  return { dir, path: journal.path, bytes: readFileSync(journal.path) }
}

test('a flipped byte is found wherever it is, and the line is named', () => {
  const { path, bytes } = written()
  for (const [offset, old] of bytes.entries()) {
    for (const value of [old ^ 1, old ^ 0x80, 0, 0x0a].filter((one) => one !== old)) {
      const spoilt = Buffer.from(bytes)
      spoilt[offset] = value
      const refusal = refusedBy(() => parseJournal(spoilt, path))
      const line = bytes.subarray(0, offset).toString('latin1').split('\n').length
      expect([offset, value, refusal.kind]).toEqual([offset, value, 'contradiction'])
      expect(refusal.message).toContain(`line ${line} of the journal ${path} is damaged`)
    }
  }
})

test('a line taken out, doubled or moved is found', () => {
  const { dir, path, bytes } = written()
  const lines = bytes.toString().split('\n').slice(0, -1)
  const [first = '', second = '', third = '', fourth = ''] = lines
  const arrangements: readonly (readonly [string[], number])[] = [
    [[first, third, fourth], 2],
    [[first, second, second, third, fourth], 3],
    [[first, third, second, fourth], 2],
    [[second, third, fourth], 1],
    [[first, first], 2],
  ]
  for (const [arrangement, line] of arrangements) {
    writeFileSync(path, arrangement.map((one) => `${one}\n`).join(''))
    const refusal = refusedBy(() => openJournal(dir))
    expect(refusal.kind).toBe('contradiction')
    expect(refusal.message).toContain(`line ${line} of the journal`)
  }
})

test('a tail torn at any byte is set aside, and the journal goes on', () => {
  const { bytes } = written()
  const headerEnd = bytes.indexOf(0x0a)
  for (let cut = headerEnd; cut <= bytes.length; cut += 1) {
    const dir = scratch()
    const path = join(dir, 'journal.jsonl')
    writeFileSync(path, bytes.subarray(0, cut))
    // Without its newline only, a record is whole.
    const whole = bytes[cut] === 0x0a ? cut : bytes.lastIndexOf(0x0a, cut - 1) + 1
    const torn = bytes.subarray(whole, cut)
    const journal = openJournal(dir)
    expect(journal.setAside?.bytes ?? 0).toBe(torn.length)
    if (journal.setAside !== undefined) expect(readFileSync(journal.setAside.path)).toEqual(torn)
    const kept = journal.records.length
    expect(kept).toBe(
      bytes
        .subarray(0, whole + 1)
        .toString('latin1')
        .split('\n').length - 1 || 1,
    )
    journal.append({ type: 'note', text: 'after the crash' })
    journal.close()
    const again = readJournal(dir)
    expect(again.torn).toHaveLength(0)
    expect(again.records).toHaveLength(kept + 1)
    expect(openJournal(dir).setAside).toBeUndefined()
  }
})

test('a header torn at any byte means that nothing was done, and nothing is touched', () => {
  const { dir, path, bytes } = written()
  for (let cut = 0; cut < bytes.indexOf(0x0a); cut += 1) {
    writeFileSync(path, bytes.subarray(0, cut))
    expect(refusedBy(() => openJournal(dir)).message).toContain('ended before it did anything')
  }
  expect(readdirSync(dir)).toEqual(['journal.jsonl'])
})

test('sectors of the last line that never reached the disk count as torn', () => {
  const { bytes } = written(5000)
  const start = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1
  const border = Math.ceil(start / 512) * 512
  const holes: readonly (readonly [number, number])[] = [
    [start, bytes.length],
    [start, border],
    [border + 512, border + 1536],
    [border + 512, bytes.length],
  ]
  for (const [from, to] of holes) {
    const dir = scratch()
    writeFileSync(join(dir, 'journal.jsonl'), Buffer.from(bytes).fill(0, from, to))
    const journal = openJournal(dir)
    expect(journal.records).toHaveLength(3)
    expect(journal.setAside?.bytes).toBe(bytes.length - start)
    journal.append({ type: 'note', text: 'after the power failure' })
    expect(readJournal(dir).records).toHaveLength(4)
  }
})

test('reading while another process writes changes nothing', () => {
  const { dir, path, bytes } = written()
  fc.assert(
    fc.property(fc.integer({ min: bytes.indexOf(0x0a), max: bytes.length }), (cut) => {
      writeFileSync(path, bytes.subarray(0, cut))
      readJournal(dir)
      expect(readFileSync(path)).toEqual(bytes.subarray(0, cut))
      expect(readdirSync(dir)).toEqual(['journal.jsonl'])
    }),
    { numRuns: 50 },
  )
})

test('a line that was read before is looked at all the same: where it stands, and bytes that only read like it', () => {
  const dir = scratch()
  const journal = createJournal(dir, header)
  journal.append({ type: 'note', text: 'said by a host: \ufffd' })
  journal.append({ type: 'note', text: 'the last one' })
  journal.close()
  const bytes = readFileSync(journal.path)
  expect(parseJournal(bytes, journal.path).records).toHaveLength(3)
  // The beginning of a character of four bytes: it reads as the replacement character, which has three bytes too.
  const spoilt = Buffer.from(bytes)
  spoilt.set([0xf0, 0x9f, 0x98], bytes.indexOf('\ufffd'))
  expect(spoilt.toString()).toBe(bytes.toString())
  expect(refusedBy(() => parseJournal(spoilt, journal.path)).message).toContain('line 2 of the journal')
  const [first = '', , third = ''] = bytes.toString().split('\n')
  const moved = Buffer.from(`${first}\n${third}\n`)
  expect(refusedBy(() => parseJournal(moved, journal.path)).message).toContain('line 2 of the journal')
})

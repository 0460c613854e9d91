import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Copy, chooseCopy, epochOf } from '../../src/journal/choose-copy.ts'
import { encodeLine, lineHash, noPrevious } from '../../src/journal/line.ts'
import { parseJournal } from '../../src/journal/read-journal.ts'
import type { Entry } from '../../src/journal/record.ts'
import { header } from './header.ts'
import { refusedBy } from './scratch.ts'

type Lines = readonly string[]

const begun: Lines = [encodeLine(0, noPrevious, '2026-01-31T12:00:00.000Z', { type: 'header', ...header })]

const with_ = (lines: Lines, entry: Entry): Lines => [
  ...lines,
  encodeLine(lines.length, lineHash(lines.at(-1) ?? ''), '2026-01-31T12:00:00.000Z', entry),
]
const noted = (lines: Lines, ...texts: string[]): Lines =>
  texts.reduce((so, text) => with_(so, { type: 'note', text }), lines)
const leased = (lines: Lines, epoch: number, by = 'a@b'): Lines => with_(lines, { type: 'lease', epoch, by })

const copy = (host: string | null, lines: Lines): Copy => ({
  host,
  content: parseJournal(Buffer.from(lines.map((line) => `${line}\n`).join('')), String(host)),
})
const hosts = (...all: Lines[]) => all.map((lines, i) => copy(`node-${i + 1}`, lines))
const first = leased(begun, 1)

test('the longest chain of the highest epoch counts', () => {
  const long = noted(first, 'a', 'b', 'c')
  const newer = noted(leased(noted(first, 'a'), 2), 'd')
  expect(chooseCopy([], 2)).toBeNull()
  expect(chooseCopy(hosts(first, noted(first, 'a'), long), 2)?.content.lines).toEqual(long)
  expect(chooseCopy([copy(null, long), ...hosts(newer, first)], 2)?.content.lines).toEqual(newer)
  // Nobody else held the run: what the workstation had not sent yet goes on from what the hosts have.
  expect(chooseCopy([copy(null, long), ...hosts(first, noted(first, 'a'))], 2)?.host).toBeNull()
})

test('two ways of one epoch: the one that a majority stands behind, else nobody goes on', () => {
  const [left, right] = [noted(first, 'same', 'left', 'more'), noted(first, 'same', 'right')]
  expect(chooseCopy([copy(null, left), ...hosts(right, right, right)], 2)?.content.lines).toEqual(right)
  expect(chooseCopy(hosts(right, left, noted(first, 'same', 'left')), 2)?.content.lines).toEqual(left)
  for (const copies of [
    [copy(null, left), ...hosts(right, first, first)],
    hosts(left, right, first, first, first),
    [copy(null, left), copy('node-1', right)],
  ]) {
    const refusal = refusedBy(() => chooseCopy(copies, 3))
    expect(refusal.kind).toBe('contradiction')
    expect(refusal.message).toMatch(
      /(this workstation|node-1) and the one on node-\d went different ways after line 3/,
    )
  }
})

test('whatever a majority has acknowledged is known to everyone who takes the run over, whoever died when', () => {
  const reign = fc.record({
    /** Which hosts answer when the run is taken over, and in what order they come. */
    order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5, maxLength: 5 }),
    /** Each line, and to which hosts it came before the next one or the death. */
    lines: fc.array(fc.subarray([0, 1, 2, 3, 4]), { maxLength: 4 }),
    leaseTo: fc.subarray([0, 1, 2, 3, 4]),
  })
  fc.assert(
    fc.property(fc.constantFrom(3, 5), fc.array(reign, { minLength: 1, maxLength: 6 }), (nodes, reigns) => {
      const quorum = Math.floor(nodes / 2) + 1
      const disks: Lines[] = Array.from({ length: nodes }, () => [])
      let acknowledged: Lines = []
      let epoch = 0
      for (const [r, { order, lines, leaseTo }] of reigns.entries()) {
        const asked = order.filter((host) => host < nodes).slice(0, quorum)
        const read = asked.flatMap((host) =>
          disks[host]?.length ? [copy(`node-${host}`, disks[host] ?? [])] : [],
        )
        const chosen = chooseCopy(read, quorum)
        let own: Lines = chosen?.content.lines ?? begun
        expect(own.slice(0, acknowledged.length)).toEqual(acknowledged)
        epoch = Math.max(epoch, epochOf(chosen?.content.records ?? [])) + 1
        own = leased(own, epoch, `reign-${r}`)
        for (const [l, to] of [leaseTo, ...lines].entries()) {
          if (l > 0) own = noted(own, `${r}.${l}`)
          for (const host of to) if (host < nodes) disks[host] = own
          if (disks.filter((disk) => disk === own).length >= quorum) acknowledged = own
        }
      }
    }),
    { numRuns: 200 },
  )
})

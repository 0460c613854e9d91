import { expect, test } from 'vitest'
import { type Distance, Following, followingText, spanText } from '../../../src/steps/warm-up/progress.ts'

const at = (atMs: number, head: number, node: number | null, client: number | null): Distance => ({
  atMs,
  head,
  node,
  client,
})

/** Follows at so many ms a block from block 0, the chain at 1 s a block from `head`, until `untilMs`. */
function following(msPerBlock: number, head: number, untilMs: number): Following {
  const one = new Following(0)
  for (let ms = 0; ms <= untilMs; ms += 1_000) {
    const now = head + ms / 1_000
    const done = Math.min(Math.floor(ms / msPerBlock), now)
    one.saw(at(ms, now, done, done))
  }
  return one
}

test('pace and time left are those of the catching up', () => {
  const one = following(100, 2_000, 60_000)
  expect(one.msPerBlock()).toBeCloseTo(100, 0)
  // 2060 - 600 blocks at 100 ms, and the chain makes one more each second.
  expect(one.leftMs(1_000)).toBeCloseTo(162_222, -3)
  expect(followingText(new Map([['node-2', one]]), 1_000)).toBe(
    'execution clients follow: node-2 600 of 2060, 10.0 blocks/s, about 3 min left',
  )
})

test('what it does at the head does not count as its pace', () => {
  const one = following(100, 100, 600_000)
  expect(one.last).toMatchObject({ head: 700, client: 700 })
  expect(one.msPerBlock()).toBeCloseTo(100, -1)
})

test('one that is slower than the chain has no time left to tell', () => {
  expect(following(1_500, 500, 60_000).leftMs(1_000)).toBeNull()
})

test('a client without its node, or a node without its client, counts as not moved', () => {
  const one = new Following(0)
  one.saw(at(1_000, 50, 10, 10))
  one.saw(at(60_000, 90, 60, 10))
  expect(one.stalledMs(61_000)).toBe(60_000)
  one.saw(at(62_000, 90, 60, 60))
  expect(one.stalledMs(63_000)).toBe(1_000)
})

test('one that never told anything stalls from the beginning', () => {
  const one = new Following(5_000)
  expect(one.stalledMs(605_000)).toBe(600_000)
})

test.each([
  [119_001, '2 min'],
  [90_000, '90 s'],
  [3 * 3_600_000, '3 h'],
  [3 * 86_400_000, '3 days'],
])('%i ms are said as %s', (ms, text) => {
  expect(spanText(ms)).toBe(text)
})

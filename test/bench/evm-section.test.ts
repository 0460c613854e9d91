import { expect, test } from 'vitest'
import type { EvmRound } from './evm-rounds.ts'
import { errorOf, evmSection } from './evm-section.ts'
import { pageOf } from './page.ts'
import { evmHeading, sectionOf, withOldSections, withSection } from './section.ts'

const window = { gapMs: 4_000, ownMs: 700, predictedMs: 5_000, voting: 5, forks: 0, copiedBytes: 1 }
const round = (more: Partial<EvmRound> & Pick<EvmRound, 'kind'>): EvmRound => ({
  at: '2026-01-02T03:04:05.000Z',
  real: true,
  window,
  times: { produce: 3_000 },
  ...more,
})
const behind = (blocks: number, tookMs: number): EvmRound =>
  round({
    kind: 'behind',
    lost: blocks,
    window: { ...window, voting: 3 },
    replay: {
      predicted: { blocks, msPerBlock: 100, source: 'measured here' },
      leader: 'node-2',
      seen: { 'node-2': { blocks: blocks - 1, tookMs: 5 }, 'node-3': { blocks, tookMs } },
    },
  })
const without = [4_000, 4_100, 4_400].map((gapMs) => round({ kind: 'without', window: { ...window, gapMs } }))
const warm = (gapMs: number) =>
  [gapMs, gapMs, gapMs].map((ms) => round({ kind: 'warm', window: { ...window, gapMs: ms } }))

test('the gap of an EVM chain is held against the median of those without clients', () => {
  const within =
    '| gap of an EVM chain with warm clients over that of one without | <= 1.1 x | 1.10 x | yes |'
  expect(evmSection([...without, ...warm(4_510)])).toContain(within)
  expect(evmSection([...without, ...warm(4_551)])).toContain('| <= 1.1 x | 1.11 x | **no** |')
})

test('the error of a prediction is its distance from what the farthest client took, in parts of that', () => {
  const at = (tookMs: number) => errorOf(behind(10, tookMs).replay ?? fail())
  // 110 ms for the first blocks, and 100 for each.
  expect(at(1_110)).toBe(0)
  expect(at(888)).toBe(25)
  expect(at(1_387.5)).toBe(-20)
  expect(at(0)).toBeNaN()
})

test('one bad prediction is not hidden by the median', () => {
  const section = evmSection([behind(5, 610), behind(10, 1_110), behind(20, 1_000)])
  expect(section).toContain('| error of the predicted replay, median of 3 | <= 20 % | 0 % | yes |')
  expect(section).toContain('| error of the predicted replay, worst | <= 20 % | 111 % | **no** |')
  expect(section).toContain(
    '| node-3 | 20 | 20 | 100 (measured here) | 2110 | 20 blocks in 1000 ms | +111 % | 4000 | 3 of 3 |',
  )
  expect(section).not.toContain('warm clients over')
})

test('rounds with stand-ins are never labelled as real, and one that was not made is told', () => {
  const section = evmSection([
    ...without,
    { ...round({ kind: 'warm' }), real: false },
    { kind: 'behind', at: '2026-01-02T03:04:05.000Z', real: true, failed: 'no\n`luck`' },
  ])
  expect(section).toContain('**stand-ins, not the real node and clients**')
  expect(section).toContain("- EVM, one client that lost blocks, 2026-01-02T03:04:05Z: `no 'luck'`")
})

test('what was measured of an EVM chain outlives a new page of the comparison', () => {
  const section = evmSection([...without, ...warm(4_000), behind(5, 500)])
  const old = withSection('# Benchmarks\n\nold figures\n', section)
  const page = withOldSections(pageOf([]), old)
  expect(sectionOf(page, evmHeading)).toBe(section)
  expect(page).not.toContain('old figures')
})

function fail(): never {
  throw new Error('such a round has a replay')
}

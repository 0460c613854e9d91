import { expect, test } from 'vitest'
import type { Facts } from '../../../src/steps/facts.ts'
import {
  predictWindow,
  replayInWords,
  type SeenWindows,
  sumP50,
  sumP95,
  withReplayLeft,
} from '../../../src/steps/gates/prediction.ts'

const facts = {
  check: { blockTimeMs: 1_000 },
  smoke: { startMs: { 'node-1': 700, 'node-2': 900 } },
} as unknown as Partial<Facts>

const predict = (seen: readonly SeenWindows[]) =>
  predictWindow({ facts, seen }, { roundMs: 40, pass: { lastPassMs: 180, manifestMs: 60 } })
const partOf = (seen: readonly SeenWindows[], name: string) =>
  predict(seen).find((part) => part.name === name)

test('every part tells where its figure comes from', () => {
  expect(predict([]).map(({ name, p50Ms, source }) => [name, p50Ms, source])).toEqual([
    ['block', 120, 'default'],
    ['stop', 350, 'default'],
    ['height', 250, 'default'],
    ['sync', 180, 'measured here'],
    ['proof', 60, 'measured here'],
    ['warm', 900, 'measured here'],
    ['decision', 160, 'measured here'],
    ['produce', 3_100, 'default'],
  ])
})

test('what a rehearsal showed of the node counts more than what is usual, and less than this very run', () => {
  const rehearsal: SeenWindows = { from: 'rehearsal', times: [{ stop: 900, produce: 2_000, sync: 5_000 }] }
  expect(partOf([rehearsal], 'stop')).toMatchObject({ p50Ms: 900, source: 'rehearsal' })
  // The rehearsal's data was not this data.
  expect(partOf([rehearsal], 'sync')).toMatchObject({ p50Ms: 180, source: 'measured here' })
  const here: SeenWindows = { from: 'measured here', times: [{ stop: 400 }] }
  expect(partOf([here, rehearsal], 'stop')).toMatchObject({ p50Ms: 400, source: 'measured here' })
  expect(partOf([here, rehearsal], 'produce')).toMatchObject({ p50Ms: 2_000, source: 'rehearsal' })
})

test('the worst of several samples bounds p95 from below', () => {
  const times = [300, 310, 320, 330, 4_000].map((stop) => ({ stop }))
  const part = partOf([{ from: 'earlier run', times }], 'stop')
  expect(part?.p50Ms).toBe(320)
  expect(part?.p95Ms).toBeGreaterThanOrEqual(4_000)
})

test('p95 of the whole lies between the sum of the medians and the sum of all p95', () => {
  const parts = predict([])
  expect(sumP50(parts)).toBe(5_120)
  expect(sumP95(parts)).toBeGreaterThan(sumP50(parts))
  expect(sumP95(parts)).toBeLessThan(parts.reduce((sum, { p95Ms }) => sum + p95Ms, 0))
})

test('what the clients lack is a part of its own, and only on a chain that has them', () => {
  const parts = predictWindow(
    { facts, seen: [] },
    {
      roundMs: 40,
      pass: { lastPassMs: 180, manifestMs: 60 },
      replay: { blocks: 12, msPerBlock: 250, source: 'measured here' },
    },
  )
  expect(parts.find(({ name }) => name === 'replay')).toEqual({
    name: 'replay',
    p50Ms: 3_110,
    p95Ms: 110 + (12 + 2) * 300,
    source: 'measured here',
  })
  expect(sumP50(parts)).toBe(5_120 + 3_110)
  expect(partOf([], 'replay')).toBeUndefined()
})

test('at worst the slowest client leads', () => {
  const replay = { blocks: 12, msPerBlock: 40, slowMsPerBlock: 100, source: 'measured here' } as const
  const parts = predictWindow(
    { facts, seen: [] },
    { roundMs: 40, pass: { lastPassMs: 180, manifestMs: 60 }, replay },
  )
  expect(parts.find(({ name }) => name === 'replay')).toMatchObject({
    p50Ms: 110 + 12 * 40,
    p95Ms: 110 + (12 + 2) * 100,
  })
})

test('what is left to replay, once it is known, takes the place of what was foretold of it, and of nothing else', () => {
  const replay = { blocks: 2, msPerBlock: 250, source: 'measured here' } as const
  const foretold = predictWindow(
    { facts, seen: [] },
    { roundMs: 40, pass: { lastPassMs: 180, manifestMs: 60 }, replay },
  )
  const known = { ...replay, blocks: 12 }
  expect(sumP50(withReplayLeft(foretold, known)) - sumP50(foretold)).toBe(10 * 250)
  expect(withReplayLeft(foretold, undefined)).toBe(foretold)
  expect(withReplayLeft(predict([]), known)).toEqual(predict([]))
  expect(replayInWords(known)).toBe('12 blocks at most, about 3.1 s (measured here)')
  expect(replayInWords({ ...known, blocks: 0 })).toBe('nothing')
})

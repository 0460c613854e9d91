import { expect, test } from 'vitest'
import type { LogEvent } from '../../../src/evnode/logs.ts'
import { paceInLog } from '../../../src/steps/warm-up/pace.ts'

/** Blocks from 1 on, so many ms after each other. */
function synced(...afterMs: number[]): LogEvent[] {
  let atMs = 1_000
  return [0, ...afterMs].map((ms, k) => {
    atMs += ms
    return { kind: 'syncing', height: k + 1, source: 'p2p', atMs }
  })
}
const each = (count: number, ms: number) => Array.from({ length: count }, () => ms)
const pace = (...afterMs: number[]) => paceInLog(synced(...afterMs), 1_000)

test('the pace is that of the blocks which a full node caught up with, not that of the chain once it stands at the head', () => {
  expect(pace(...each(30, 40), ...each(100, 1_000))).toEqual({ usualMs: 40, slowMs: 40 })
})

test('a wait for blocks that were yet to come is no part of it', () => {
  expect(pace(...each(10, 40), 450, 480, ...each(15, 42))).toEqual({ usualMs: 40, slowMs: 42 })
})

test('what came in between is no part of the usual pace, however often it came, and is one of the slow', () => {
  expect(pace(...Array.from({ length: 15 }, () => [45, 110, 230]).flat())).toEqual({
    usualMs: 45,
    slowMs: 110,
  })
})

test('two lines of one moment are no two replays', () => {
  expect(pace(...Array.from({ length: 30 }, () => [0, 40]).flat())).toEqual({ usualMs: 40, slowMs: 40 })
})

test('nothing is said of the pace from a few blocks, from none, or from a log that shows the head alone', () => {
  expect(pace(...each(19, 40))).toBeNull()
  expect(pace(...each(200, 1_000))).toBeNull()
  expect(paceInLog([], 1_000)).toBeNull()
})

test('nor where a block takes so long that it looks like the chain itself', () => {
  expect(pace(...each(40, 300))).toBeNull()
})

test('a gap in the heights, as a log that was cut has, or a line without a time is passed over', () => {
  const events = synced(...each(50, 40))
  expect(paceInLog([...events.slice(0, 15), ...events.slice(30)], 1_000)).toEqual({ usualMs: 40, slowMs: 40 })
  const untimed = events.map((event): LogEvent => {
    const { atMs: _, ...rest } = event
    return rest as LogEvent
  })
  expect(paceInLog(untimed, 1_000)).toBeNull()
})

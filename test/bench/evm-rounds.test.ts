import { expect, test } from 'vitest'
import type { JournalRecord } from '../../src/journal/record.ts'
import { leaderIn, plannedRounds, predictedIn } from './evm-rounds.ts'

const outcome = (step: string, output: unknown, ok = true) =>
  ({
    type: 'outcome',
    step,
    ok,
    attempt: 1,
    at: '2026-01-02T03:04:05.000Z',
    output,
  }) as unknown as JournalRecord

test('what was predicted is that of the last proof, and of none that failed', () => {
  const replay = { blocks: 4, msPerBlock: 30, source: 'measured here' }
  const records = [
    outcome('proveEqual', { replay: { ...replay, blocks: 9 } }),
    outcome('proveEqual', { replay }),
    outcome('proveEqual', { replay: { ...replay, blocks: 1 } }, false),
    outcome('verifyElection', { leader: 'node-3' }),
  ]
  expect(predictedIn(records)).toEqual(replay)
  expect(leaderIn(records)).toBe('node-3')
  expect(predictedIn(records.slice(3))).toBeUndefined()
})

test('both chains take turns, and rounds with lost blocks come after them', () => {
  expect(plannedRounds(2, [5]).map(({ kind, lost }) => lost ?? kind)).toEqual([
    'without',
    'warm',
    'without',
    'warm',
    5,
  ])
})

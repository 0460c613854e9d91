import { expect, test } from 'vitest'
import { PassProgress } from '../../../src/steps/prepare/pass-progress.ts'

const mib = 1_048_576

test('a pass tells once a second what it moved, how fast, and how long the rest takes', () => {
  let nowMs = 0
  const told: string[] = []
  const progress = new PassProgress({ now: () => nowMs, passing: (text) => told.push(text) }, 'copying', [
    30 * mib,
    10 * mib,
  ])
  nowMs = 500
  progress.moved(0, 2 * mib)
  expect(told).toEqual([])
  nowMs = 2_000
  progress.moved(1, 4 * mib)
  progress.moved(0, 6 * mib)
  expect(told).toEqual(['copying: 6.0 of 40.0 MiB at 3.0 MiB/s, about 12 s left'])
  nowMs = 4_000
  progress.moved(0, 36 * mib)
  expect(told.at(-1)).toBe('copying: 40.0 of 40.0 MiB at 10.0 MiB/s, about 0 s left')
})

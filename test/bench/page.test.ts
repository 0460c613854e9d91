import { expect, test } from 'vitest'
import { goalsOf } from './goals.ts'
import type { Verdict } from './judge.ts'
import { pageOf } from './page.ts'
import type { Round } from './round.ts'

const whole: Verdict = {
  gapMs: 5_000,
  ownMs: 400,
  beforeStopMs: 130,
  warmMs: 600,
  voting: 5,
  forks: 0,
  restarts: 0,
  stopMs: 70,
  firstBlockMs: 3_000,
}
const stalled: Verdict = {
  ...whole,
  gapMs: null,
  ownMs: null,
  voting: 0,
  states: ['node-1: active (running)'],
}

function roundOf(key: string, verdict: Verdict | undefined, more: Partial<Round> = {}): Round {
  const way = key === 'evha' ? 'evha' : `the way of ${key}`
  const at = '2026-11-25T20:00:00.000Z'
  return { way, key, size: 1, at, real: true, ...(verdict === undefined ? {} : { verdict }), ...more }
}

test('p50 and p99 are of all rounds that came over', () => {
  const rounds = [5_000, 4_000, 9_000].map((gapMs) => roundOf('evha', { ...whole, gapMs }))
  expect(pageOf(rounds)).toContain('| evha | 1 x | 3 | 5000 (4000 to 9000) | 9000 |')
})

test('the parts of the gap stand beside each other; what an older round did not note is left out', () => {
  const { beforeStopMs: _, warmMs: __, ...older } = whole
  expect(pageOf([roundOf('evha', whole), roundOf('script', older)])).toMatch(
    /\| evha \|.* \| 400 \S+ to 400\) \| 130 \S+ to 130\) \| 70 \S+ to 70\) \| 600 \S+ to 600\) \| 3000 .*\n.*\| 400 \S+ to 400\) \| - \| 70 /,
  )
})

test('a stall is told as one, beside the others, and is no gap', () => {
  const page = pageOf([roundOf('ansible', whole), roundOf('ansible', stalled)])
  expect(page).toContain('| the way of ansible | 1 x | 2 | 5000 (5000 to 5000) | 5000 |')
  expect(page).toContain('5 of 5 voting (1 times), stall (1 times)')
  expect(page).toMatch(/the way of ansible, 1 x, \S+: stall\n {2}- `node-1: active \(running\)`/)
})

test('a fork and a round that could not be made stand in the page', () => {
  const page = pageOf([
    roundOf('guide', { ...whole, forks: 3, voting: 4 }),
    roundOf('guide', undefined, { failed: 'no DA' }),
  ])
  expect(page).toContain('fork, 4 of 5 voting (1 times), not made (1 times) | 1 |')
  expect(page).toContain('- `no DA`')
})

test('a goal that one round misses is not held', () => {
  const held = (rounds: Round[]) => Object.fromEntries(goalsOf(rounds).map(({ what, held }) => [what, held]))
  const good = [roundOf('evha', whole), roundOf('script', { ...whole, gapMs: 5_100 })]
  expect(Object.values(held(good))).not.toContain(false)
  const bad = held([roundOf('evha', { ...whole, voting: 4 }), roundOf('script', { ...whole, gapMs: 4_900 })])
  expect(bad['five of five voting, no fork']).toBe(false)
  expect(bad["gap beside the hand-tuned script's at 1 x"]).toBe(false)
})

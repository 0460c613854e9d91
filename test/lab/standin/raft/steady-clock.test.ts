import { expect, test } from 'vitest'
import { ElectionTimer } from '../../../../src/lab/standin/raft/election-timer.ts'
import { SteadyClock } from '../../../../src/lab/standin/raft/steady-clock.ts'

function standStill(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('a stall of the process does not count', () => {
  const clock = new SteadyClock(10)
  standStill(300)
  clock.advance()
  expect(clock.nowMs).toBeLessThanOrEqual(20)
  expect(clock.nowMs).toBeGreaterThan(0)
})

test('time that passes in ticks does', () => {
  const clock = new SteadyClock(1_000)
  standStill(30)
  clock.advance()
  standStill(30)
  clock.advance()
  expect(clock.nowMs).toBeGreaterThanOrEqual(60)
})

test('with a lease tighter than the node has by default every stall counts', () => {
  const timer = (leaseMs: number) => {
    const { clock } = new ElectionTimer(leaseMs)
    standStill(100)
    clock.advance()
    return clock.nowMs
  }
  expect(timer(46)).toBeGreaterThanOrEqual(100)
  expect(timer(175)).toBeLessThan(50)
})

import { expect, test } from 'vitest'
import type { StateView } from '../../src/machine/decider.ts'
import type { Clock } from '../../src/run/clock.ts'
import { Forecast } from '../../src/run/forecast.ts'
import type { Part } from '../../src/steps/gates/prediction.ts'

const part = (name: Part['name'], p50Ms: number): Part => ({ name, p50Ms, p95Ms: p50Ms, source: 'default' })
const parts = [part('stop', 500), part('height', 500), part('sync', 1_000), part('produce', 3_000)]

/** A clock that moves when it is told to. */
function steppedClock() {
  let nowMs = 100_000
  const running = new Set<() => void>()
  const clock: Clock = {
    now: () => nowMs,
    sleep: () => Promise.resolve(),
    after: () => () => undefined,
    every: (_ms, run) => {
      running.add(run)
      return () => running.delete(run)
    },
  }
  const second = () => {
    nowMs += 1_000
    for (const run of running) run()
  }
  return { clock, second }
}

const view = (path: string, tags: string[] = [], facts: object = { weighCutover: { parts } }) =>
  ({ path, tags: new Set(tags), context: { facts } }) as unknown as StateView

test('each second of the window says when its end is predicted, beside the budget', () => {
  const { clock, second } = steppedClock()
  const told: string[] = []
  const forecast = new Forecast(clock, (text) => told.push(text))
  const window = { deadlineMs: 100_000 + 6_500, budgetMs: 6_500 }
  forecast.entered(view('window.stop'), window)
  second()
  expect(told.at(-1)).toBe('window: 1.0 s of 6.5 s; first cluster block predicted at 5.0 s')
  // Two seconds late in its part: the end moves with it, and no longer fits.
  second()
  second()
  expect(told.at(-1)).toBe(
    'window: 3.0 s of 6.5 s; first cluster block predicted at 7.0 s, late: it goes back by itself when the budget is spent',
  )
  forecast.entered(view('commit.start', ['irreversible']), window)
  second()
  expect(told.at(-1)).toBe('window: 4.0 s of 6.5 s; first cluster block predicted at 6.0 s')
  forecast.entered(view('commit.rest', ['irreversible']), window)
  const before = told.length
  second()
  expect(told).toHaveLength(before)
})

test('what the execution clients lack is foretold anew once the chain stands still', () => {
  const { clock, second } = steppedClock()
  const told: string[] = []
  const forecast = new Forecast(clock, (text) => told.push(text))
  const window = { deadlineMs: 120_000, budgetMs: 20_000 }
  const weighCutover = { parts: [...parts, part('replay', 0)] }
  forecast.entered(view('window.prove', [], { weighCutover }), window)
  second()
  expect(told.at(-1)).toContain('first cluster block predicted at 4.0 s')
  const proveEqual = { replay: { blocks: 10, msPerBlock: 200, source: 'measured here' } }
  forecast.entered(view('window.warm', [], { weighCutover, proveEqual }), window)
  second()
  expect(told.at(-1)).toContain('first cluster block predicted at 7.1 s')
})

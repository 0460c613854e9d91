import { expect, test } from 'vitest'
import { decide } from '../../../src/steps/commit/decide.ts'
import { measureAll, measureOnce, roundMaxMs } from '../../../src/steps/commit/round.ts'
import type { Started } from '../../../src/steps/facts.ts'
import { atTheDecision, type Shown, started, warm } from './at-the-decision.ts'

test('each host is asked once', async () => {
  const { context, asked } = atTheDecision()
  await expect(measureAll(context)).resolves.toBe(0)
  expect(asked()).toEqual([1, 1, 1, 1, 1])
})

test.each<[string, Readonly<Record<string, Shown>>, RegExp]>([
  [
    'a permit of the old sequencer',
    { 'node-1': { permits: 'single durable\n' } },
    /^node-1: the permit for single mode/,
  ],
  ['the old sequencer, started again', { 'node-1': { active: 'active' } }, /^node-1: .* was started again/],
  ['another start of the old unit', { 'node-1': { invocation: 'x' } }, /^node-1: .* was started again/],
  [
    'a warm node that went down',
    { 'node-3': { active: 'failed' } },
    /^node-3: the warm node did not stay up/,
  ],
  [
    'a warm node started by somebody else',
    { 'node-2': { invocation: 'x' } },
    /^node-2: the warm node did not stay up/,
  ],
  [
    'a third one, which makes a quorum',
    { 'node-5': { active: 'active' } },
    /^node-5: .* runs although nobody started it/,
  ],
  ['a host rebooted', { 'node-4': { boot: 'x' } }, /^node-4: rebooted inside the window/],
  [
    'a warm host without room',
    { 'node-2': { ground: 'free 1 /d/home\n' } },
    /^node-2: only 1 bytes are free/,
  ],
  [
    'a warm host that tells no room',
    { 'node-2': { ground: 'readonly /d/home\n' } },
    /^node-2: \/d\/home can not be written/,
  ],
])('nothing is decided over %s', async (_what, other, why) => {
  await expect(measureAll(atTheDecision(other).context)).rejects.toThrow(why)
})

test('nothing is decided without the guard of the store', async () => {
  await expect(measureAll(atTheDecision({}, { guard: 'lost' }).context)).rejects.toThrow(
    'the guard of the store is gone',
  )
})

test('a round that was too slow is made again, and at last refused', async () => {
  const { context, rounds } = atTheDecision({}, { tookMs: roundMaxMs + 1 })
  await expect(measureAll(context)).rejects.toThrow(/what it saw may be out of date/)
  expect(rounds()).toBe(3)
})

test('while the warm nodes come up the round leaves them to whoever starts them, and nothing else', async () => {
  const coming = { warm, started: {}, isComing: () => true }
  const { context } = atTheDecision({ 'node-2': { active: 'activating', invocation: 'new' } })
  await expect(measureOnce(context, coming)).resolves.toBeUndefined()
  for (const other of [
    { 'node-1': { permits: 'single durable\n' } },
    { 'node-4': { active: 'active' } },
    { 'node-2': { boot: 'x' } },
    { 'node-3': { ground: 'free 1 /d/home\n' } },
  ])
    await expect(measureOnce(atTheDecision(other).context, coming)).rejects.toThrow()
})

test('one of two warm nodes that is up already is looked at with the rest', async () => {
  const { 'node-2': one } = started
  const half = { warm, started: { 'node-2': one as Started }, isComing: (name: string) => name === 'node-3' }
  const gone = { 'node-2': { active: 'failed' }, 'node-3': { active: 'activating' } }
  await expect(
    measureOnce(atTheDecision({ 'node-3': { active: 'activating' } }).context, half),
  ).resolves.toBeUndefined()
  await expect(measureOnce(atTheDecision(gone).context, half)).rejects.toThrow(
    'node-2: the warm node did not stay up',
  )
})

test('a round that is young counts for the decision; one that grew old over the journal is made again', async () => {
  for (const [keptMs, rounds] of [
    [roundMaxMs, 0],
    [roundMaxMs + 1, 1],
  ] as const) {
    const decision = atTheDecision({}, { keptMs })
    await expect(decide.apply(decision.context)).resolves.toEqual({ decision: 'committed' })
    expect(decision.rounds()).toBe(rounds)
  }
  const gone = atTheDecision({ 'node-2': { active: 'failed' } }, { keptMs: roundMaxMs + 1 })
  await expect(decide.apply(gone.context)).rejects.toThrow('node-2: the warm node did not stay up')
})

import { expect, test } from 'vitest'
import { type Answer, recording } from '../../../src/remote/recording.ts'
import { measureAll, measureOnce, roundMaxMs } from '../../../src/steps/commit/round.ts'
import type { Facts, Started } from '../../../src/steps/facts.ts'
import { permitDropInPath } from '../../../src/steps/host/unit-files.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

const names = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']
const warm = ['node-2', 'node-3']
const started = Object.fromEntries(
  warm.map((name) => [name, { invocation: `of-${name}`, startedAtMs: 0, raftStartedAtMs: 0 }]),
)
const room = 'free 1000000000 /d/home\n'

interface Shown {
  readonly permits?: string
  readonly active?: string
  readonly invocation?: string
  readonly boot?: string
  readonly ground?: string
}

/** The window as it stands right before the decision; `other` is what one host shows instead. */
function atTheDecision(other: Readonly<Record<string, Shown>> = {}, guard = 'running', tookMs = 0) {
  let nowMs = 0
  let rounds = 0
  const nodes = names.map((name): Host => {
    const spec = { ...nodeIn('/d'), name, address: '127.0.0.11' }
    const isWarm = warm.includes(name)
    const { permits, active, invocation, boot, ground } = {
      permits: isWarm ? 'raft volatile\n' : '',
      active: isWarm ? 'active' : 'inactive',
      invocation: name === 'node-1' ? 'fenced' : `of-${name}`,
      boot: `boot-${name}`,
      ground: room,
      ...other[name],
    }
    const unit = `ActiveState=${active}\nInvocationID=${invocation}\nDropInPaths=${permitDropInPath(spec)}\n`
    const answer = (): Answer => {
      if (name === 'node-1') {
        nowMs += tookMs
        rounds += 1
      }
      return { stdout: `${permits}--\n${unit}--\n${boot}\n--\n${ground}` }
    }
    return { spec, remote: recording(name, answer) }
  })
  const facts = {
    arm: {
      epoch: 1,
      bootIds: Object.fromEntries(names.map((name) => [name, `boot-${name}`])),
      daHeight: null,
    },
    fence: { noted: { height: 1, hash: '' }, invocation: 'fenced' },
    warmPeers: { warm, started },
  } satisfies Partial<Facts>
  const context = {
    run: 'r',
    attempt: 1,
    nodes,
    source: nodes[0] as Host,
    peers: nodes.slice(1),
    facts,
    windowDeadlineMs: null,
    now: () => nowMs,
    hands: { statusOfDetached: () => Promise.resolve({ kind: guard }) },
  } as unknown as StepContext
  return {
    context,
    rounds: () => rounds,
    asked: () => nodes.map(({ remote }) => (remote as ReturnType<typeof recording>).commands.length),
  }
}

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
  await expect(measureAll(atTheDecision({}, 'lost').context)).rejects.toThrow(
    'the guard of the store is gone',
  )
})

test('a round that was too slow is made again, and at last refused', async () => {
  const { context, rounds } = atTheDecision({}, 'running', roundMaxMs + 1)
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

import { expect, test } from 'vitest'
import { advance, begin, type RunEvent, type Snapshot, viewOf } from '../../src/machine/decider.ts'
import { stateFacts } from '../../src/machine/graph.ts'
import { effects } from '../../src/machine/proof/effects.ts'
import {
  canStartSingle,
  keyOf,
  mayRunRaft,
  sizeOf,
  untouched,
  type World,
} from '../../src/machine/proof/world.ts'
import { type StandingName, standings } from '../../src/machine/standing.ts'

// How: the machine is walked along its ways with what the steps do to the hosts, as `evha prove` states it. In every
// state the hosts must be what the state's standing says of them, before and after the state's own step.

const size = sizeOf(5)

/** What the first sentence of each standing claims, in the terms of the proof. */
const holds: Readonly<Record<StandingName, (world: World) => boolean>> = {
  alone: (world) => world.process === 'single' && mayRunRaft(world) === 0,
  fencing: (world) => world.process === 'single' && mayRunRaft(world) === 0,
  stopped: (world) => mayRunRaft(world) === 0 && !canStartSingle({ ...world, process: 'none' }),
  warm: (world) => world.process === 'none' && !canStartSingle(world) && mayRunRaft(world) < size.quorum,
  deciding: (world) => world.process === 'none' && !canStartSingle(world) && mayRunRaft(world) < size.quorum,
  starting: (world) => world.committed && world.process === 'none' && !canStartSingle(world),
  joining: (world) => world.committed && world.process !== 'single' && world.durable >= size.quorum,
  cluster: (world) => world.process === 'member' && world.durable === size.nodes - 1,
  goingBack: (world) => !world.committed && mayRunRaft(world) < size.quorum,
  backAlone: (world) => world.process === 'single' && mayRunRaft(world) < size.quorum,
  asked: (world) => world.committed && world.process !== 'single',
  rollingBack: (world) => world.process !== 'single' || !world.committed,
  // It is found in any state, and what it ends with is looked at below.
  halting: () => true,
  unknown: () => true,
}

interface Walk {
  readonly snapshot: Snapshot
  readonly world: World
}

/** Every world on the way of the state's step, the last one with what the step answers there. */
function stepIn({ snapshot, world }: Walk): { worlds: World[]; event: RunEvent } {
  const { work } = viewOf(snapshot)
  if (work === null) throw new Error(`nothing is done in ${viewOf(snapshot).path}`)
  const { acts, done } = effects[work]
  const scene = { ...size, run: 'this' as const }
  const worlds = [world]
  for (let turn = 0; turn < 50; turn++) {
    const now = worlds.at(-1) as World
    const output = done(now, scene)?.[0]
    const next = acts.flatMap((act) => act.to(now, scene)).find((one) => keyOf(one) !== keyOf(now))
    // What a step may do further, though it counts as done, it does: the way back must not leave a permit behind.
    if (next === undefined && output !== undefined)
      return { worlds, event: { type: 'STEP_DONE', step: work, output } }
    if (next === undefined) throw new Error(`${work} comes to no end`)
    worlds.push(next)
  }
  throw new Error(`${work} comes to no end`)
}

/** Walks on until nothing is left to do or `until` is reached; each state is looked at on the way. */
function walk(from: Walk, until: string, seen: Map<string, StandingName>): Walk {
  let { snapshot, world } = from
  for (let turn = 0; turn < 100; turn++) {
    const view = viewOf(snapshot)
    const name = stateFacts().find(({ path }) => path === view.path)?.standing as StandingName
    seen.set(view.path, name)
    expect(holds[name](world), `${view.path} is said to be "${name}": ${JSON.stringify(world)}`).toBe(true)
    if (view.path === until || view.work === null) return { snapshot, world }
    const { worlds, event } = stepIn({ snapshot, world })
    for (const one of worlds)
      if (name !== 'stopped' && name !== 'goingBack' && name !== 'rollingBack' && !startsSomething(view.path))
        expect(holds[name](one), `${view.path}: ${JSON.stringify(one)}`).toBe(true)
    world = worlds.at(-1) as World
    snapshot = advance(snapshot, event)
    const { gate, context } = viewOf(snapshot)
    const digest = gate === null ? undefined : context.evidence[gate]
    if (gate !== null && digest !== undefined && view.path === `gate.${gate}` && until !== view.path)
      snapshot = advance(snapshot, { type: 'APPROVE', gate, chain: 'demo', digest, by: 'test' })
  }
  throw new Error(`no way to ${until}`)
}

const signedTwice: RunEvent = {
  type: 'SIGNED_TWICE',
  failure: { kind: 'contradiction', message: '', changedAnything: 'yes', retryable: false, hint: '' },
  heights: [7],
  seen: [],
  proofs: [],
}

/** Its sentence is of what it starts or ends: it holds at the state's end, not in its middle. */
const startsSomething = (path: string) => ['commit.start', 'commit.rest', 'window.fence'].includes(path)

const begun = (): Walk => ({
  snapshot: begin({ chain: 'demo', source: 'node-1', nodes: 5 }),
  world: untouched,
})
const told = ({ snapshot, world }: Walk, event: RunEvent): Walk => ({
  snapshot: advance(snapshot, event),
  world,
})

test('on every way each state is what it is said to be', () => {
  const seen = new Map<string, StandingName>()
  walk(begun(), 'done', seen)
  for (const state of ['seedData', 'gate.cutover', 'window.fence', 'window.prove', 'gate.commit'])
    walk(told(walk(begun(), state, seen), { type: 'ABORT' }), 'aborted', seen)
  walk(told(walk(begun(), 'window.warm', seen), { type: 'BUDGET_SPENT' }), 'window.returned', seen)
  const failure = {
    kind: 'failed',
    message: '',
    changedAnything: 'unknown',
    retryable: true,
    hint: '',
  } as const
  const lost = told(walk(begun(), 'commit.decide', seen), { type: 'STEP_FAILED', step: 'decide', failure })
  walk(lost, 'window.returned', seen)
  for (const state of ['commit.rest', 'soak', 'gate.finish'])
    walk(told(walk(begun(), state, seen), { type: 'ROLLBACK' }), 'rolledBack', seen)
  for (const state of ['window.fence', 'window.sync', 'gate.commit', 'commit.start', 'soak', 'gate.finish']) {
    const alarmed = told(walk(begun(), state, seen), signedTwice)
    const { world } = walk(alarmed, 'needsHuman', seen)
    expect([world.process, mayRunRaft(world), canStartSingle(world), world.armed]).toEqual([
      'none',
      0,
      false,
      false,
    ])
  }
  const never = stateFacts().filter(({ path }) => !seen.has(path))
  expect(never).toEqual([])
  expect(new Set(seen.values())).toEqual(new Set(Object.keys(standings)))
})

test('every state has a standing of its own, and every sentence its words', () => {
  expect(
    stateFacts()
      .filter(({ standing }) => standing === 'unknown')
      .map(({ path }) => path),
  ).toEqual(['needsHuman'])
  for (const standing of Object.values(standings))
    for (const sentence of Object.values(standing)) expect(sentence).toMatch(/^\S.*[^.]$/)
})

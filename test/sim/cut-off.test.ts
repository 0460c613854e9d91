// The workstation loses its links to all hosts at once, in every state of the machine: who writes then, without anybody's
// help, is what the state's standing says, and whoever goes on later comes to an end.
import { expect, test } from 'vitest'
import { cluster, nobody, oldSequencer, promised, statesAtWork } from '../who-writes.ts'
import { cutOffMs, type Fault } from './faults.ts'
import type { Goal } from './session.ts'
import type { Sim } from './sim.ts'
import { type Scene, simulate } from './simulate.ts'

/** CI strikes the last point of each state, next to the first one of the next; the nightly tier all. */
const isNightly = process.env['EVHA_TEST_TIER'] === 'nightly'

interface Way {
  readonly goal: Goal
  /** What leads it to a state that nothing else leads to. */
  readonly first: readonly Fault[]
  readonly end: string
}

/** Together they pass every state that has a point at which something could be cut. */
const ways: readonly Way[] = [
  { goal: 'migrate', first: [], end: 'done' },
  { goal: 'abort in the window', first: [], end: 'aborted' },
  { goal: 'roll back', first: [], end: 'rolledBack' },
  { goal: 'migrate', first: [{ kind: 'kill before it', state: 'commit.decide', nth: 1 }], end: 'done' },
]

const standings = new Map(statesAtWork.map(({ path, standing }) => [path, standing]))

/** Who writes shortly before the links are back, and whether the decision has fallen. */
interface Alone {
  readonly writers: string
  readonly committed: boolean
}

const sceneOf = ({ goal, first }: Way): Scene => ({ seed: 1, nodes: 3, goal, quiet: true, faults: first })

/** The points of a way in each of its states at which to strike. */
async function pointsOf(way: Way): Promise<(readonly [state: string, points: readonly number[]])[]> {
  const { log, broken, state: end } = await simulate(sceneOf(way))
  expect([broken, end]).toEqual([[], way.end])
  const last = new Map(log.map(({ state, nth }) => [state, nth]))
  return [...last].map(([state, nth]) => [
    state,
    isNightly ? Array.from({ length: nth }, (_, k) => k + 1) : [nth],
  ])
}

async function struck(way: Way, state: string, nth: number, onCut: (sim: Sim) => void = () => undefined) {
  let alone: Alone | null = null
  const prepare = (sim: Sim): void => {
    const look = () => {
      const writers = sim.nodes().filter((node) => node.writes)
      const decision = sim.source.files.read(`${sim.source.spec.paths.evha}/decision`)
      alone = {
        writers: writers.map(({ isSingle }) => (isSingle ? oldSequencer : cluster)).join(' and '),
        committed: decision?.startsWith('committed') === true,
      }
    }
    sim.cutOff = () => {
      onCut(sim)
      sim.timeline.in(cutOffMs - 1_000, look)
    }
  }
  const cut: Fault = { kind: 'all links of the workstation cut', state, nth }
  const { broken, state: end } = await simulate({ ...sceneOf(way), faults: [...way.first, cut], prepare })
  return { alone: alone as Alone | null, broken, end }
}

test('cut off in any state: who writes meanwhile is who was said to, and the run comes to its end', async () => {
  const been = new Set<string>()
  const wrong: string[] = []
  let cuts = 0
  for (const way of ways)
    for (const [state, points] of await pointsOf(way)) {
      const standing = standings.get(state)
      if (standing === undefined || been.has(state)) continue
      been.add(state)
      for (const nth of points) {
        cuts += 1
        const { alone, broken, end } = await struck(way, state, nth)
        if (
          alone !== null &&
          promised[standing](alone.committed).some((one) => one === alone.writers) &&
          end === way.end &&
          broken.length === 0
        )
          continue
        wrong.push(`${way.goal}, point ${nth} of ${state}: ${JSON.stringify({ alone, end, broken })}`)
      }
    }
  process.stdout.write(`${cuts} cuts in ${been.size} states\n`)
  expect(wrong).toEqual([])
  expect([...been].sort()).toEqual([...standings.keys()].sort())
}, 3_600_000)

test('without the dead-man nobody writes: the comparison sees it', async () => {
  const [way] = ways as [Way]
  const deaf = (sim: Sim) => {
    const { systemd } = sim.source
    const deadMan = systemd.service('evha-dead-man-ev-node.service')
    expect(deadMan?.isUp).toBe(true)
    if (deadMan !== null) systemd.stop(deadMan)
  }
  expect((await struck(way, 'window.sync', 1, deaf)).alone?.writers).toBe(nobody)
  expect((await struck(way, 'window.sync', 1)).alone?.writers).toBe(oldSequencer)
})

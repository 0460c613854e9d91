import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepRegistry } from '../../src/steps/step.ts'
import { Disk, discard, installDisks } from './disk.ts'
import type { Workstation } from './evha.ts'
import { chosen, type Fault, type FaultKind, Faults, type LoggedPoint, type WorldKind } from './faults.ts'
import { finalState, judgeEnd } from './judge-end.ts'
import { Operator } from './operator.ts'
import { Random } from './random.ts'
import { type Goal, Session } from './session.ts'
import { Sim } from './sim.ts'

/** How a simulated run went. */
export interface Simulated {
  readonly seed: number
  readonly nodes: number
  /** The state the run is in at the end. */
  readonly state: string
  readonly faults: readonly Fault[]
  readonly commands: number
  /** It asked for a human on its way. */
  readonly human: boolean
  /** Points at which a fault could have struck, by state. */
  readonly points: ReadonlyMap<string, number>
  /** What must never happen, and did. */
  readonly broken: readonly string[]
  /** The points of a quiet run, in order. */
  readonly log: readonly LoggedPoint[]
  readonly story: readonly string[]
}

/** What a run is to be. Everything is taken from the seed where nothing is given. */
export interface Scene {
  readonly seed: number
  readonly nodes?: number
  readonly faults?: readonly Fault[]
  readonly goal?: Goal
  /** What may go wrong; all that is not withheld where nothing is given. */
  readonly kinds?: readonly FaultKind[]
  /** The world does this, and nothing else, whenever the operator thinks. */
  readonly whileThinking?: WorldKind
  /** Whoever goes on after the first command does so on another workstation, which knows nothing of the run. */
  readonly elsewhere?: boolean
  /** Nothing happens but the faults that are given; the points are logged. */
  readonly quiet?: boolean
  /** Steps with a guard taken out. */
  readonly steps?: StepRegistry
  /** Also given where a bug is planted in the world itself. */
  readonly prepare?: (sim: Sim) => void
}

const limitMs = 60 * 60_000

/** States a run passes with all commands of a migration and of the ways back, and how many points each has (see points.test.ts). */
export const statesStruck: readonly (readonly [state: string, points: number, weight: number])[] = [
  ['check', 260, 2],
  ['preparePeers', 200, 3],
  ['copySigner', 30, 2],
  ['seedData', 50, 2],
  ['smoke', 130, 3],
  ['gate.cutover', 4, 2],
  ['window.arm', 16, 5],
  ['window.fence', 16, 7],
  ['window.stop', 22, 10],
  ['window.sync', 26, 7],
  ['window.prove', 16, 7],
  ['window.warm', 40, 9],
  ['gate.commit', 30, 6],
  ['commit.decide', 26, 10],
  ['commit.settle', 4, 3],
  ['commit.start', 60, 9],
  ['commit.rest', 60, 6],
  ['verifyElection', 20, 4],
  ['soak', 12, 3],
  ['finish', 24, 3],
  ['abort.copies', 8, 3],
  ['abort.permits', 16, 4],
  ['abort.raft', 20, 4],
  ['abort.disarm', 4, 3],
  ['abort.decide', 6, 4],
  ['abort.configs', 4, 2],
  ['abort.unfence', 6, 4],
  ['abort.start', 12, 4],
  ['abort.block', 2, 2],
  ['abort.tidy', 40, 2],
  ['rollback.stop', 30, 3],
  ['rollback.forbid', 40, 4],
  ['rollback.rank', 30, 3],
  ['rollback.restore', 30, 3],
  ['rollback.raftDirs', 20, 2],
  ['rollback.start', 30, 4],
  ['rollback.block', 4, 2],
]

function workstation({ runbook }: Sim, name: string): Workstation {
  const disk = new Disk()
  disk.write('/runbook.yaml', runbook.text)
  return { name, disk, cutFrom: new Set(), clockOffsetMs: 0, diskFull: false }
}

export async function simulate(scene: Scene): Promise<Simulated> {
  installDisks()
  const random = new Random(scene.seed)
  const nodes = scene.nodes ?? random.pick([3, 3, 3, 3, 3, 3, 5, 5, 5, 7])
  const goal =
    scene.goal ??
    random.pick<Goal>([
      'migrate',
      'migrate',
      'migrate',
      'migrate and stay',
      'answer at the terminal',
      'abort',
      'roll back',
      'roll back',
      'two terminals',
    ])
  const sim = new Sim(random.between(1, 2 ** 30), nodes)
  scene.prepare?.(sim)
  const planned = scene.faults ?? chosen(random, statesStruck, scene.kinds)
  const faults = new Faults(sim, random.fork(), planned)
  sim.tell(`seed ${scene.seed}: ${nodes} nodes, the operator wants to ${goal}`)
  const laptop = workstation(sim, 'laptop')
  const desk = scene.elsewhere === true ? workstation(sim, 'desk') : null
  sim.unreached = laptop.cutFrom
  const operator = new Operator(sim, faults, scene.steps ?? realSteps)
  if (scene.quiet === true) faults.log = []
  const session = new Session({
    sim,
    operator,
    faults,
    laptop,
    ...(desk === null ? {} : { desk }),
    goal,
    random: random.fork(),
    quiet: scene.quiet ?? false,
    ...(scene.whileThinking === undefined ? {} : { whileThinking: scene.whileThinking }),
  })
  let over = false
  let failed: unknown
  session.work().then(
    () => {
      over = true
    },
    (thrown: unknown) => {
      failed = thrown
      over = true
    },
  )
  try {
    await sim.timeline.until(() => over || sim.judge.broken.length > 0, limitMs)
    if (failed !== undefined) throw failed
    if (sim.judge.broken.length === 0) await judgeEnd(sim, session.at)
  } catch (thrown) {
    sim.judge.say(
      `the simulation itself fails: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
    )
  }
  const state = finalState(sim, session.at).path
  operator.leave()
  for (const one of [laptop, desk]) if (one !== null) discard(one.disk)
  return {
    seed: scene.seed,
    nodes,
    state,
    faults: faults.struck,
    commands: session.commands,
    human: session.human,
    points: faults.passed,
    broken: sim.judge.broken,
    log: faults.log ?? [],
    story: sim.story,
  }
}

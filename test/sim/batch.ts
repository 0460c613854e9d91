import { inProcesses } from './processes.ts'
import { simulate } from './simulate.ts'

/** Many runs, counted. */
export interface Counted {
  runs: number
  /** Runs by the state they ended in. */
  states: Record<string, number>
  /** Faults struck, by kind. */
  faults: Record<string, number>
  /** Runs by their number of nodes. */
  nodes: Record<string, number>
  /** Points at which a fault could have struck. */
  points: number
  commands: number
  /** Time on a processor, start-up left out. */
  cpuMs: number
  /** Runs that asked for a human on their way, and were gone on with by the command that was told. */
  human: number
  broken: { seed: number; sentences: readonly string[]; story: readonly string[] }[]
}

const none = (): Counted => ({
  runs: 0,
  states: {},
  faults: {},
  nodes: {},
  points: 0,
  commands: 0,
  cpuMs: 0,
  human: 0,
  broken: [],
})

const add = (counts: Record<string, number>, key: string, more = 1): void => {
  counts[key] = (counts[key] ?? 0) + more
}

/** Broken runs beyond so many are counted, and their stories left out. */
const storiesMax = 5

/** Runs seeds here, one after the other. */
export async function countSeeds(from: number, runs: number): Promise<Counted> {
  const counted = none()
  const before = process.cpuUsage()
  for (let seed = from; seed < from + runs; seed++) {
    const seen = await simulate({ seed })
    counted.runs++
    add(counted.states, seen.state)
    add(counted.nodes, String(seen.nodes))
    for (const { kind } of seen.faults) add(counted.faults, kind)
    for (const points of seen.points.values()) counted.points += points
    counted.commands += seen.commands
    if (seen.human) counted.human++
    if (seen.broken.length > 0)
      counted.broken.push({
        seed,
        sentences: seen.broken,
        story: counted.broken.length < storiesMax ? seen.story : [],
      })
  }
  const { user, system } = process.cpuUsage(before)
  counted.cpuMs = (user + system) / 1000
  return counted
}

/** The same in several processes; each takes its share of the seeds. */
export async function countInProcesses(from: number, runs: number, processes: number): Promise<Counted> {
  const share = Math.ceil(runs / processes)
  const rows = Array.from({ length: processes }, (_, i) => {
    const first = from + i * share
    const count = Math.max(0, Math.min(share, from + runs - first))
    return ['--seed', String(first), '--runs', String(count)]
  })
  return (await inProcesses<Counted>(rows)).reduce(together, none())
}

function together(one: Counted, other: Counted): Counted {
  const sum = (a: Record<string, number>, b: Record<string, number>): Record<string, number> => {
    const counts = { ...a }
    for (const [key, count] of Object.entries(b)) add(counts, key, count)
    return counts
  }
  return {
    runs: one.runs + other.runs,
    states: sum(one.states, other.states),
    faults: sum(one.faults, other.faults),
    nodes: sum(one.nodes, other.nodes),
    points: one.points + other.points,
    commands: one.commands + other.commands,
    cpuMs: one.cpuMs + other.cpuMs,
    human: one.human + other.human,
    broken: [...one.broken, ...other.broken],
  }
}

/** The counts as a person reads them. */
export function told(counted: Counted, seconds: number): string {
  const { runs, broken } = counted
  const rows = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  return [
    `${runs} simulated runs in ${seconds.toFixed(1)} s (${(counted.cpuMs / runs).toFixed(0)} ms of a processor each), ${counted.commands} commands typed, ${counted.points} points passed`,
    `ended in: ${rows(counted.states)}`,
    `nodes: ${rows(counted.nodes)}`,
    `faults struck: ${rows(counted.faults)}`,
    `asked for a human and went on: ${counted.human}`,
    `broken: ${broken.length}`,
    ...broken.map(({ seed, sentences }) => `  seed ${seed}: ${sentences.join('; ').slice(0, 400)}`),
    ...broken.flatMap(({ seed, story }) =>
      story.length === 0 ? [] : ['', `the story of seed ${seed}:`, ...story],
    ),
    '',
  ].join('\n')
}

import { type Fault, type FaultKind, fits, type LoggedPoint } from './faults.ts'
import { inProcesses } from './processes.ts'
import type { Goal } from './session.ts'
import { type Scene, simulate } from './simulate.ts'

/** The kinds of the crash matrix. */
export const matrixKinds = [
  'kill before it',
  'kill in the middle of it',
  'kill after it',
  'lost answer',
  'hung SSH',
  'host reboots',
  'disk full on the workstation',
  'clock step',
  'a second operator',
] as const satisfies readonly FaultKind[]

/** Runs without a fault: their points are what the matrix is made of. */
const goals: readonly Goal[] = ['migrate', 'abort in the window', 'roll back']
const [seed, nodes] = [1, 3]

/** Where the run is gone on with; somebody at the other workstation is the second operator there. */
const places = ['the same workstation', 'another workstation'] as const
type Place = (typeof places)[number]

const sceneOf = (goal: Goal, place: Place, faults: readonly Fault[]): Scene => ({
  seed,
  nodes,
  goal,
  faults,
  quiet: true,
  elsewhere: place === 'another workstation',
})

/** One way and place of the matrix, counted. */
export interface Part {
  readonly goal: Goal
  readonly place: Place
  points: number
  cells: number
  /** Cells whose point was reached, and struck. */
  struck: number
  readonly ends: Record<string, number>
  readonly broken: string[]
}

/** Which cells: one in `every`, and of these one in `shares`. */
export interface Share {
  readonly every: number
  readonly share: number
  readonly shares: number
}

/** Strikes its cells one after the other, one run for each. */
export async function strikeCells({ every, share, shares }: Share): Promise<Part[]> {
  const parts: Part[] = []
  let at = 0
  for (const place of places)
    for (const goal of goals) {
      const golden = await simulate(sceneOf(goal, place, []))
      const part: Part = { goal, place, points: golden.log.length, cells: 0, struck: 0, ends: {}, broken: [] }
      parts.push(part)
      if (golden.broken.length > 0) part.broken.push(`without a fault: ${golden.broken.join('; ')}`)
      for (const point of golden.log)
        for (const kind of matrixKinds.filter((one) => fits(one, point)))
          if (at++ % every === 0 && Math.floor(at / every) % shares === share) await strike(part, point, kind)
    }
  return parts
}

async function strike(part: Part, { state, nth }: LoggedPoint, kind: FaultKind): Promise<void> {
  const seen = await simulate(sceneOf(part.goal, part.place, [{ kind, state, nth }]))
  part.cells++
  part.struck += seen.faults.length
  part.ends[seen.state] = (part.ends[seen.state] ?? 0) + 1
  if (seen.broken.length > 0)
    part.broken.push(`${kind} at point ${nth} of ${state}: ${seen.broken.join('; ').slice(0, 400)}`)
}

/** One cell with its story, by the words that the matrix tells a broken one with. */
export async function storyOfCell(
  goal: string,
  place: string,
  kind: string,
  state: string,
  nth: number,
): Promise<readonly string[]> {
  const fault: Fault = { kind: kind as FaultKind, state, nth }
  return (await simulate(sceneOf(goal as Goal, place as Place, [fault]))).story
}

export interface Matrix {
  readonly cells: number
  readonly broken: readonly string[]
  readonly text: string
}

/** Some 1,000 cells each: what breaks is told after minutes, not after hours. */
const slicesOfAll = 40

const cellsIn = (parts: readonly Part[]): number => parts.reduce((sum, part) => sum + part.cells, 0)

const brokenIn = (parts: readonly Part[]): string[] =>
  parts.flatMap((part) => part.broken.map((one) => `${part.goal}, ${part.place}: ${one}`))

/** Every `every`-th cell of the matrix, slice after slice, in so many processes at once. `tell` hears of each slice. */
export async function crashMatrix({
  every,
  processes = 2,
  tell = () => undefined,
}: {
  readonly every: number
  readonly processes?: number
  readonly tell?: (slice: string) => void
}): Promise<Matrix> {
  const slices = Math.max(processes, Math.ceil(slicesOfAll / every))
  const rows = Array.from({ length: slices }, (_, share) => [
    '--matrix',
    '--every',
    String(every),
    '--share',
    `${share}/${slices}`,
  ])
  let ended = 0
  const heard = (slice: readonly Part[]): void => {
    const said = [`slice ${++ended} of ${slices}: ${cellsIn(slice)} cells, ${brokenIn(slice).length} broken`]
    tell([...said, ...brokenIn(slice).map((one) => `  ${one}`), ''].join('\n'))
  }
  const [first = [], ...others] = await inProcesses<Part[]>(rows, processes, heard)
  const parts = first.map((part, i) => others.reduce((sum, other) => together(sum, other[i] as Part), part))
  const cells = cellsIn(parts)
  const broken = brokenIn(parts)
  const text = [
    `crash matrix: ${cells} cells, ${broken.length} broken`,
    ...parts.map(({ goal, place, points, cells: own, struck, ends }) => {
      const ended = Object.entries(ends).map(([state, count]) => `${state} ${count}`)
      return `${goal}, gone on with on ${place}: ${points} points, ${own} cells, ${struck} struck; ended in: ${ended.join(', ')}`
    }),
    ...broken.map((one) => `  ${one}`),
    '',
  ].join('\n')
  return { cells, broken, text }
}

function together(one: Part, other: Part): Part {
  const ends = { ...one.ends }
  for (const [state, count] of Object.entries(other.ends)) ends[state] = (ends[state] ?? 0) + count
  return {
    ...one,
    cells: one.cells + other.cells,
    struck: one.struck + other.struck,
    ends,
    broken: [...new Set([...one.broken, ...other.broken])],
  }
}

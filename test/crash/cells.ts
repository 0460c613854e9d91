// The crash matrix on real processes: which points there are, and what can strike at each. The kinds are those of the simulated one.
import { createHash } from 'node:crypto'
import { type FaultKind, fits } from '../sim/faults.ts'
import { matrixKinds } from '../sim/matrix.ts'

/** Ways that are gone without a fault, to see their points. */
export const goals = ['migrate', 'abort in the window', 'roll back'] as const
export type Goal = (typeof goals)[number]

/** Where the run is gone on with; somebody at the other workstation is the second operator there. */
export const places = ['the same workstation', 'another workstation'] as const
export type Place = (typeof places)[number]

/**
 * A line goes into the journal, a command leaves, an answer arrives. What a real process does at once it does in no
 * order: a point is known by what it is, and by how many like it came before it in the same state of one process.
 */
export interface Point {
  /** The command that was typed. */
  readonly by: 'migrate' | 'resume' | 'abort' | 'rollback'
  readonly at: 'append' | 'send' | 'answer'
  readonly state: string
  /** `intent stopSource`, or `node-2: look at the unit`. */
  readonly what: string
  readonly nth: number
}

export interface Cell {
  readonly goal: Goal
  readonly place: Place
  readonly kind: FaultKind
  readonly point: Point
}

export const isSame = (one: Point, other: Point): boolean => textOf(one) === textOf(other)

const textOf = ({ by, at, state, what, nth }: Point): string => `${by} in ${state}, ${at} "${what}" (${nth})`

/** The cell in words; by them it is found again. */
export const nameOf = ({ goal, place, kind, point }: Cell): string =>
  `${goal}, gone on with on ${place}: ${kind} at ${textOf(point)}`

/** A process that dies with the answer in its hand is the one that was killed after its command: struck there. */
const fitsHere = (kind: FaultKind, { at }: Point): boolean =>
  fits(kind, { kind: at }) && !(at === 'answer' && kind.startsWith('kill'))

/** Every cell, of the points that each way has and none before it had: in another state, or by another command. */
export function cellsOf(seen: readonly (readonly [Goal, readonly Point[]])[]): Cell[] {
  const known = new Set<string>()
  const placeOf = ({ by, state }: Point): string => `${by} in ${state}`
  return seen.flatMap(([goal, points]) => {
    const own = points.filter((point) => !known.has(placeOf(point)))
    for (const point of points) known.add(placeOf(point))
    return own.flatMap((point) =>
      matrixKinds
        .filter((kind) => fitsHere(kind, point))
        .flatMap((kind) => places.map((place) => ({ goal, place, kind, point }))),
    )
  })
}

/** One of so many parts of all, the same ones each time whatever else there is. */
export function shareOf(cells: readonly Cell[], share: number, shares: number): Cell[] {
  const partOf = (cell: Cell): number =>
    createHash('sha256').update(nameOf(cell)).digest().readUInt32BE(0) % shares
  return cells.filter((cell) => partOf(cell) === share)
}

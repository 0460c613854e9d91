// The crash matrix on real processes: what can strike at which point, and how it is gone on with. The kinds are those of the simulated one.
import { type FaultKind, fits } from '../sim/faults.ts'
import { matrixKinds } from '../sim/matrix.ts'
import { type Point, roomOf, textOf } from './points.ts'

/** Ways that are gone without a fault, to see their points; `go on` by a second command, at this workstation or another. */
export const ways = ['migrate', 'go on', 'go on elsewhere', 'abort in the window', 'roll back'] as const
export type Way = (typeof ways)[number]

/** What becomes of a run that was struck: its way is gone to the end, or it is aborted from where it was struck. */
export type Goal = Way | 'abort from there'

/** Where the run is gone on with; somebody at the other workstation is the second operator there. */
export const places = ['the same workstation', 'another workstation'] as const
export type Place = (typeof places)[number]

export interface Cell {
  readonly goal: Goal
  readonly place: Place
  readonly kind: FaultKind
  readonly point: Point
}

/** The cell in words; by them it is found again. */
export const nameOf = ({ goal, place, kind, point }: Cell): string =>
  `${goal}, gone on with on ${place}: ${kind} at ${textOf(point)}`

/** A process that dies with the answer in its hand is the one that was killed after its command: struck there. */
const fitsHere = (kind: FaultKind, { at }: Point): boolean =>
  fits(kind, { kind: at }) && !(at === 'answer' && kind.startsWith('kill'))

/** No other workstation has to do with it: the process goes on by itself. */
const placesOf = (kind: FaultKind): readonly Place[] =>
  kind === 'clock step' ? ['the same workstation'] : places

/** The points that each way has and none before it had: in another state, or by another command. */
export function ownPoints(
  seen: readonly (readonly [Way, readonly Point[]])[],
): (readonly [Way, readonly Point[]])[] {
  const known = new Set<string>()
  return seen.map(([way, points]) => {
    const own = points.filter((point) => !known.has(roomOf(point)))
    for (const point of points) known.add(roomOf(point))
    return [way, own] as const
  })
}

/** Every cell of such points; and each of the migration's up to the decision once more, aborted from there. */
export function cellsOf(own: readonly (readonly [Way, readonly Point[]])[]): Cell[] {
  return own.flatMap(([way, points]) => [
    ...points.flatMap((point) =>
      matrixKinds
        .filter((kind) => fitsHere(kind, point))
        .flatMap((kind) => placesOf(kind).map((place) => ({ goal: way, place, kind, point }))),
    ),
    ...(way === 'migrate' ? points.flatMap(abortedFrom) : []),
  ])
}

const beforeDecision = /^(check|preparePeers|copySigner|seedData|smoke|gate\.cutover|window\.|gate\.commit)/

/** With this line in the journal the decision is due, and no abort begins any more. */
const opensCommit = ({ state, what }: Point) => state === 'gate.commit' && what === 'event APPROVE'

/** An abort sees the journal and the hosts as they were left: what the run wrote last, and what it did last. */
function abortedFrom(point: Point): Cell[] {
  if (!beforeDecision.test(point.state) || opensCommit(point)) return []
  const kinds: readonly FaultKind[] =
    point.at === 'append'
      ? ['kill after it']
      : point.at === 'send'
        ? ['kill in the middle of it', 'kill after it', 'host reboots']
        : []
  return kinds.map((kind) => ({ goal: 'abort from there', place: 'the same workstation', kind, point }))
}

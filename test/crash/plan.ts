import type { Gate } from '../../src/base/names.ts'
import type { FaultKind } from '../sim/faults.ts'
import { isSame, type Point, sortOf } from './points.ts'

/** One strike that a process is told of; by its number it is known again. */
export interface Fault {
  readonly number: number
  readonly kind: FaultKind
  readonly point: Point
  /** At the very point; else at the first of its sort. */
  readonly exact: boolean
}

/** What the process of a workstation is told, in a file that its first argument names. */
export interface Plan {
  readonly verb: Point['by']
  readonly runbook: string
  readonly stateDir: string
  /** Undefined before there is one, and for the newest. */
  readonly run: string | undefined
  /** State directory of the lab itself. */
  readonly labDir: string
  readonly chain: string
  readonly confirms: readonly Gate[]
  /** What the terminal answers at a gate that is not confirmed. */
  readonly answer: 'declined' | 'later'
  /** Null: nothing strikes, and every point is written down. */
  readonly faults: readonly Fault[] | null
  /** A command that hangs is given up after its own time limit, or this. */
  readonly hungMs: number
  /** Gets every point, or every strike, as a line of JSON. */
  readonly heard: string
  /** evha as built. */
  readonly main: string
  /** What the second operator types, by the number of the strike. */
  readonly second: readonly (readonly string[])[]
}

/** A strike as it is written down: its number and the point it fell on. */
export interface Strike {
  readonly number: number
  readonly point: Point
}

/** The strike that falls here, the first of those that wait for such a point. */
export const faultAt = (point: Point, faults: readonly Fault[]): Fault | undefined =>
  faults.find(({ exact, point: wanted }) =>
    exact ? isSame(wanted, point) : sortOf(wanted) === sortOf(point),
  )

/** What ends the process; all else it may come through by itself. */
export const ends = (kind: FaultKind): boolean =>
  kind.startsWith('kill') || kind === 'disk full on the workstation'

// Many strikes on one lab, one after the other: its start, and a whole way, are paid once for all of them.
import type { Cell, Goal } from './cells.ts'
import { ends } from './plan.ts'
import { groupsOf, roomOf, sortOf } from './points.ts'

/** What one lab is struck by, each cell at the moment its point is passed. */
export interface Chain {
  readonly goal: Goal
  readonly cells: readonly Cell[]
  /** Only the very point is struck; else the first one of its sort. */
  readonly exact: boolean
}

/** Strikes on one lab: its journal grows with each, and every command reads all of it. */
const strikesMax = 60
/** Each of them is a run of its own. */
const abortsMax = 15

/** What ends the process is struck apart from what it may come through: there it is struck many times in one process. */
const laneOf = ({ goal, kind }: Cell): string => `${goal}, ${ends(kind) ? 'ended' : 'come through'}`

/**
 * All cells, each in one chain. No chain strikes a point twice: what was done there is not done again in the same run.
 * Its strikes are spread over the whole way, and the chains of a lane are of one length.
 */
export const chainsOf = (cells: readonly Cell[]): Chain[] => dealt(cells, sortOf, true)

/** The same for cells whose very points were not come to. */
export const chainsOfSorts = (cells: readonly Cell[]): Chain[] => dealt(cells, sortOf, false)

/** What is left of these: no state is struck twice on one lab, so each is entered as if never struck. */
export const chainsOfStates = (cells: readonly Cell[]): Chain[] => dealt(cells, roomOf, false)

function dealt(cells: readonly Cell[], keyOf: (point: Cell['point']) => string, exact: boolean): Chain[] {
  return groupsOf(cells, laneOf).flatMap((lane) => {
    const goal = lane[0]?.goal ?? 'migrate'
    const apart = groupsOf(lane, ({ point }) => keyOf(point))
    const longMax = goal === 'abort from there' ? abortsMax : strikesMax
    const count = Math.max(...apart.map((some) => some.length), Math.ceil(lane.length / longMax))
    const chains = Array.from({ length: count }, (): Cell[] => [])
    for (const [i, some] of apart.entries())
      for (const [j, cell] of some.entries()) chains[(i + j) % count]?.push(cell)
    return chains.filter((chain) => chain.length > 0).map((chain): Chain => ({ goal, cells: chain, exact }))
  })
}

/** Every so-many-th chain; all of them together are all. */
export const shareOf = (chains: readonly Chain[], share: number, shares: number): Chain[] =>
  chains.filter((_, i) => i % shares === share)

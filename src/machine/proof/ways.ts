import type { Moment } from './move.ts'
import type { Searched } from './search.ts'

/** A moment without a way to where it should lead, and how the run gets there. */
export interface NoWay {
  readonly state: string
  readonly says: string
  readonly path: readonly string[]
}

const safe = ['done', 'aborted', 'rolledBack', 'window.returned']

/** Moments from which no operator and no host that does its part brings the run to a safe end. */
export function deadEnds(searched: Searched): NoWay[] {
  const reach = backFrom(searched, ({ pilot }) => safe.includes(pilot.view.path))
  return perState(searched, (at) => reach[at] !== 1, 'from here no way leads to a safe end')
}

/** After the commit, as long as no rollback began, the way forward must be open. */
export function noWayForward(searched: Searched): NoWay[] {
  const reach = backFrom(searched, ({ pilot }) => pilot.view.path === 'done')
  const says = 'the commit fell and no rollback began, and yet no way leads forward to the cluster'
  const forward = ({ pilot, world }: Moment) => world.committed && !pilot.view.context.rollbackBegan
  return perState(searched, (at, moment) => forward(moment) && reach[at] !== 1, says)
}

/** 1 for each moment from which fair moves lead to one that `isGoal` names. */
function backFrom({ moments, fairInto }: Searched, isGoal: (moment: Moment) => boolean): Uint8Array {
  const reach = new Uint8Array(moments.length)
  const open = moments.flatMap((moment, at) => (isGoal(moment) ? [at] : []))
  for (const at of open) reach[at] = 1
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const before of fairInto[at] ?? [])
      if (reach[before] !== 1) {
        reach[before] = 1
        open.push(before)
      }
  return reach
}

/** The first moment of each state of the machine that is stuck: breadth first, so its path is the shortest. */
function perState(
  { moments, pathTo }: Searched,
  isStuck: (at: number, moment: Moment) => boolean,
  says: string,
): NoWay[] {
  const found = new Map<string, NoWay>()
  for (const [at, moment] of moments.entries()) {
    const state = moment.pilot.view.path
    if (found.has(state) || !isStuck(at, moment)) continue
    found.set(state, { state, says, path: pathTo(at) })
  }
  return [...found.values()]
}

// The points of a run on real processes: what they are known by, and which of them are one and the same.

/**
 * A line goes into the journal, a command leaves, an answer arrives. What a real process does at once it does in no
 * order: a point is known by what it is, and by how many like it came before it in the same state of one process.
 */
export interface Point {
  /** The command that was typed. */
  readonly by: 'migrate' | 'resume' | 'adopt' | 'abort' | 'rollback'
  readonly at: 'append' | 'send' | 'answer'
  readonly state: string
  /** `intent stopSource`, or `node-2: look at the unit`. */
  readonly what: string
  readonly nth: number
}

export const textOf = ({ by, at, state, what, nth }: Point): string =>
  `${by} in ${state}, ${at} "${what}" (${nth})`

/** Before a run goes on each command does something else; from there on, those that lead forward do the same, and a rollback is led on by any. */
const wayOf = ({ by, state }: Point): string => {
  if (state === 'begin' || by === 'abort') return by
  return by === 'rollback' || state.startsWith('rollback') ? 'rollback' : 'forward'
}

/** Where it is: in another state, or on another way through it, other things are done. */
export const roomOf = (point: Point): string => `${wayOf(point)} in ${point.state}`

/** Points that are the same in kind: but for which of the peers it is, and how often it was done before. */
export const sortOf = (point: Point): string =>
  `${roomOf(point)}, ${point.at} "${point.what.replace(/^node-(?!1:)\d+:/, 'a peer:')}"`

/** The very point, whichever command that leads forward comes to it. */
export const isSame = (one: Point, other: Point): boolean =>
  sortOf(one) === sortOf(other) && one.what === other.what && one.nth === other.nth

/** One of each sort, in their order; which one of those that are alike turns with the night. */
export function distinctOf(points: readonly Point[], night: number): Point[] {
  return groupsOf(points, sortOf).flatMap((alike, i) => alike[(night + i) % alike.length] ?? [])
}

/** Those with the same key together, in the order in which they are first met. */
export function groupsOf<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()]
}

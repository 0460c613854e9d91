import type { Decision } from '../../base/names.ts'

/** Who acts with a machine of his own: the operator of this run, or one who began another run on the same chain. */
export type Run = 'this' | 'other'

/**
 * What the hosts are, as far as two writers, a lost block or a stopped chain can come from it. A host that does not
 * answer is a host that keeps what it has: it counts as one that may run.
 */
export interface World {
  /** The decision file on the source, the one arbiter. */
  readonly decision: Exclude<Decision, 'held'> | 'absent'
  readonly decisionOf: Run | null
  /** The decision belongs to an attempt before the present one. */
  readonly stale: boolean
  /** Which run has claimed the source. */
  readonly claim: Run | null
  /** The drop-in is in force: the source's unit asks for its permit. */
  readonly asserts: boolean
  /** The source's permit for single mode; without it, it is fenced. */
  readonly permit: boolean
  /** The source's key lies in its place; while it is set aside no node that is started there signs, by its unit or past it. */
  readonly key: boolean
  /** The unit of the source: that of the single sequencer, or that of a member. */
  readonly unit: 'single' | 'member'
  /** The source's permit for Raft mode. */
  readonly memberPermit: boolean
  readonly process: 'none' | 'single' | 'member'
  /** The guard holds the source's store lock. */
  readonly guard: boolean
  /** Peers that may run Raft though this attempt gave them no permit: not stopped yet, or out of reach before. */
  readonly lingering: number
  /** Peers with a permit that a reboot takes. */
  readonly warm: number
  /** Peers with a durable permit. */
  readonly durable: number
  /** The final pass was made after the last block. */
  readonly synced: boolean
  /** The content of the stores was compared and is equal. */
  readonly proved: boolean
  /** The dead-man of the source waits for its deadline, or is at work. */
  readonly armed: boolean
  /** The dead-man has found "returned" and has still to unfence and to start: it asks nobody any more. */
  readonly returning: boolean
  /** The dead-man of at least one peer waits for its deadline, or is at work. */
  readonly peersArmed: boolean
  /** The commit fell, and no rollback has taken it back. */
  readonly committed: boolean
}

/** How many nodes there are, and how many make a quorum. */
export interface Size {
  readonly nodes: number
  readonly quorum: number
}

export const sizeOf = (nodes: number): Size => ({ nodes, quorum: Math.floor(nodes / 2) + 1 })

/** A live single sequencer, and evha has touched nothing. */
export const untouched: World = {
  decision: 'absent',
  decisionOf: null,
  stale: false,
  claim: null,
  asserts: false,
  permit: false,
  key: true,
  unit: 'single',
  memberPermit: false,
  process: 'single',
  guard: false,
  lingering: 0,
  warm: 0,
  durable: 0,
  synced: false,
  proved: false,
  armed: false,
  returning: false,
  peersArmed: false,
  committed: false,
}

/** The members that run Raft, or would at a power cycle or by a hand. */
export const mayRunRaft = (world: World): number =>
  world.lingering + world.warm + world.durable + (sourceMayJoin(world) ? 1 : 0)

const sourceMayJoin = ({ process, unit, memberPermit }: World) =>
  process === 'member' || (unit === 'member' && memberPermit)

/** The single sequencer runs, or would at a power cycle or by a hand, by its unit or past it. */
export const mayRunSingle = (world: World): boolean =>
  world.process === 'single' || canStartSingle(world) || canStartPastUnit(world)

/** By its unit: no fence and no guard keeps it from it. */
export const canStartSingle = ({ process, unit, guard, key, asserts, permit }: World): boolean =>
  process !== 'member' && unit === 'single' && !guard && key && (!asserts || permit)

/** By a cron line, a container, a hand: it asks for no permit, but finds a store that is locked, or no key. */
export const canStartPastUnit = ({ process, unit, guard, key }: World): boolean =>
  process === 'none' && unit === 'single' && !guard && key

/** Rollback's rule: n - q + 1 members are forbidden, so what is left is less than a quorum. */
export const quorumForbidden = (world: World, size: Size): boolean =>
  size.nodes - mayRunRaft(world) >= size.nodes - size.quorum + 1

/** The world with changes; a source that produces leaves the copies behind. */
export function after(world: World, changes: Partial<World>): World {
  const next = { ...world, ...changes }
  return next.process === 'single' ? { ...next, synced: false, proved: false } : next
}

/** One text for one world, to know it again. */
export const keyOf = (world: World): string => Object.values(world).map(short).join('')

const short = (value: string | number | boolean | null) =>
  typeof value === 'boolean' ? (value ? '+' : '-') : `${String(value).slice(0, 2)}.`

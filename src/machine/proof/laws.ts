import type { Moment, Move } from './move.ts'
import { mayRunRaft, mayRunSingle, quorumForbidden, type Size } from './world.ts'

/** What may never happen. */
export interface Law {
  readonly name: string
  /** What was broken, as a sentence. */
  readonly broken: string
  readonly breaks: (from: Moment, move: Move, size: Size) => boolean
}

/** The laws of safety, the gravest first: a move that breaks two is told by the first. */
export const laws: readonly Law[] = [
  {
    name: 'twoWriters',
    broken: 'the old sequencer and a quorum of the cluster may both sign now',
    breaks: (_, { to: { world } }, { quorum }) => mayRunSingle(world) && mayRunRaft(world) >= quorum,
  },
  {
    name: 'returnAfterCommit',
    broken:
      'the old sequencer may sign again although the commit fell and no rollback has forbidden a quorum',
    breaks: ({ world: before }, { to: { world }, by }, size) =>
      (world.committed && (mayRunSingle(world) || world.decision !== 'committed')) ||
      (before.committed &&
        !world.committed &&
        !(quorumForbidden(world, size) && by?.approved.includes('rollback') === true)),
  },
  {
    name: 'quorumBeforeCommit',
    broken: 'a quorum of Raft processes may run although nothing was committed',
    breaks: (_, { to: { world } }, { quorum }) =>
      world.decision !== 'committed' && !world.committed && mayRunRaft(world) >= quorum,
  },
  {
    name: 'deadManAfterCommit',
    broken: 'the commit fell, and the dead-man of a peer may still end a member of the cluster',
    breaks: (_, { to: { world } }) => world.committed && world.peersArmed,
  },
  {
    name: 'writerAfterAlarm',
    broken: 'a height was signed twice, a human is asked, and somebody may still write',
    breaks: ({ pilot }, { to }, { quorum }) =>
      pilot.view.path === 'halt' &&
      to.pilot.view.path === 'needsHuman' &&
      (mayRunSingle(to.world) || mayRunRaft(to.world) >= quorum),
  },
  {
    name: 'ungatedEffect',
    broken: 'a host was changed without the approval of the gate that guards it',
    breaks: (_, { by, needs }) => needs !== null && by?.approved.some((gate) => gate === needs) !== true,
  },
  {
    name: 'unprovedContent',
    broken: 'the commit fell although the content of the stores was not proved equal after the last block',
    breaks: ({ world: before }, { to: { world } }) => !world.proved && world.committed && !before.committed,
  },
]

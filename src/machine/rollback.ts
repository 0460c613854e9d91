import { tries } from './edges.ts'
import { rules } from './rules.ts'

/** The way back after the point of no return: no quorum can form before anything moves. */
export const rollback = rules.createStateConfig({
  id: 'rollback',
  initial: 'stop',
  states: {
    stop: {
      meta: { phase: 'rollback', standing: 'rollingBack', says: 'stopping every node of the cluster' },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('stopAll', '#rollback.forbid'),
    },
    forbid: {
      meta: {
        phase: 'rollback',
        standing: 'rollingBack',
        says: 'forbidding Raft on so many members that no quorum can form',
      },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('forbidRaft', '#rollback.rank'),
    },
    rank: {
      meta: {
        phase: 'rollback',
        standing: 'rollingBack',
        says: 'finding the highest height that may have been signed, and a store that has it',
      },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('rankStores', '#rollback.restore'),
    },
    restore: {
      meta: {
        phase: 'rollback',
        standing: 'rollingBack',
        says: 'laying the best store onto the single sequencer',
      },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('restoreBest', '#rollback.raftDirs'),
    },
    raftDirs: {
      meta: { phase: 'rollback', standing: 'rollingBack', says: 'moving the Raft directories aside' },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('moveRaftDirs', '#rollback.start'),
    },
    start: {
      meta: { phase: 'rollback', standing: 'rollingBack', says: 'starting {source} as the single sequencer' },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('startSingle', '#rollback.block'),
    },
    block: {
      meta: { phase: 'rollback', standing: 'backAlone', says: 'waiting for a new block of {source}' },
      tags: ['irreversible', 'insist'],
      invoke: tries('seeSingleBlock', '#rolledBack'),
    },
  },
})

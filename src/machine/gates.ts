import { abortable, approved, because, declined, forgets, returnable, rollable, weighs } from './edges.ts'
import { rules } from './rules.ts'

/** The four gates. Each weighs its evidence, shows it, and opens only for an approval that is bound to it. */
export const gates = rules.createStateConfig({
  id: 'gate',
  initial: 'cutover',
  states: {
    cutover: {
      meta: {
        phase: 'gate',
        standing: 'alone',
        says: 'ready to cut over; the chain runs on {source} until you approve',
      },
      tags: ['reversible', 'waiting'],
      invoke: weighs('weighCutover'),
      exit: forgets('cutover'),
      on: {
        ...abortable,
        APPROVE: {
          target: '#window',
          guard: approved('cutover'),
          actions: 'noteApproval',
          meta: { irreversible: 'the chain stops until the cluster produces or {source} is back' },
        },
      },
    },
    commit: {
      meta: {
        phase: 'gate',
        standing: 'warm',
        says: 'the warm nodes wait; one more is the point of no return',
      },
      tags: ['reversible', 'waiting', 'chain-stopped'],
      invoke: {
        ...weighs('weighCommit'),
        onError: { target: '#abort', actions: ['noteFailure', because('failure')] },
      },
      exit: forgets('commit'),
      on: {
        ...returnable,
        APPROVE: {
          target: '#commit',
          guard: approved('commit'),
          actions: 'noteApproval',
          meta: {
            irreversible: 'the cluster may produce a block; {source} alone may never produce again',
          },
        },
        DECLINE: { target: '#abort', guard: declined('commit'), actions: because('declined') },
      },
    },
    finish: {
      meta: { phase: 'gate', standing: 'cluster', says: 'the cluster runs; finish removes the way back' },
      tags: ['irreversible', 'waiting'],
      invoke: weighs('weighFinish'),
      exit: forgets('finish'),
      on: {
        ...rollable,
        APPROVE: {
          target: '#finish',
          guard: approved('finish'),
          actions: 'noteApproval',
          meta: { irreversible: 'the old unit and the copies that a rollback would use are put away' },
        },
      },
    },
    rollback: {
      meta: {
        phase: 'gate',
        standing: 'asked',
        says: 'rolling back stops the cluster; the most advanced store goes on alone',
      },
      tags: ['irreversible', 'waiting'],
      invoke: weighs('weighRollback'),
      exit: forgets('rollback'),
      on: {
        APPROVE: {
          target: '#rollback',
          guard: approved('rollback'),
          actions: ['noteApproval', 'noteRollback'],
          meta: { irreversible: 'the cluster stops and its members are forbidden to run Raft' },
        },
        // Forward again, from where the cluster was left; once a rollback began there is only the rollback.
        DECLINE: [
          { target: '#verifyElection', guard: 'declinedBesideAll' },
          { target: '#commit.rest', guard: 'declinedBesideQuorum' },
          { target: '#commit.start', guard: 'declinedBesideWarm' },
        ],
      },
    },
  },
})

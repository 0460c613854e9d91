import { because, rollable, tries } from './edges.ts'
import { rules } from './rules.ts'

/** The decision, and what only follows once it has fallen. */
export const commit = rules.createStateConfig({
  id: 'commit',
  initial: 'decide',
  states: {
    decide: {
      meta: {
        phase: 'commit',
        standing: 'deciding',
        says: 'measuring everything once more, then deciding on {source}',
      },
      tags: ['reversible', 'chain-stopped'],
      invoke: {
        src: 'decide',
        id: 'decide',
        onDone: [
          { guard: 'isCommitted', target: '#commit.start', actions: 'noteFacts' },
          { target: '#commit.settle', actions: 'noteFacts' },
        ],
        onError: { target: '#commit.settle', actions: 'noteFailure' },
      },
      // If nothing was decided before the crash, the run goes back and tries again: it was only interrupted.
      on: { RESUME: { target: '#commit.settle', actions: ['voidApprovals', because('interrupted')] } },
    },
    settle: {
      meta: {
        phase: 'commit',
        standing: 'deciding',
        says: 'reading the decision on {source}: it alone says which way to go',
      },
      tags: ['reversible', 'chain-stopped', 'insist'],
      invoke: {
        src: 'readDecision',
        id: 'readDecision',
        onDone: [
          { guard: 'isCommitted', target: '#commit.start', actions: 'noteFacts' },
          // Why it turns back is noted first: what the decision says clears the failure that led here.
          // The dead-man may still be at work: the way back ends it, stops what is warm and waits for a block.
          { guard: 'isReturned', target: '#abort', actions: [because('deadMan'), 'noteFacts'] },
          { target: '#abort', actions: [because('failure'), 'noteFacts'] },
        ],
        onError: [
          { guard: 'contradicts', target: '#needsHuman', actions: 'noteFailure' },
          { actions: 'noteFailure' },
        ],
      },
    },
    start: {
      meta: { phase: 'commit', standing: 'starting', says: 'starting the node that makes the quorum' },
      tags: ['irreversible', 'chain-stopped', 'insist'],
      invoke: tries('startQuorum', '#commit.rest'),
      on: rollable,
    },
    rest: {
      meta: {
        phase: 'commit',
        standing: 'joining',
        says: 'the cluster produces; starting the other nodes and {source} as members',
      },
      tags: ['irreversible', 'insist'],
      invoke: tries('startRest', '#verifyElection'),
      on: rollable,
    },
  },
})

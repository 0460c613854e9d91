import { tries } from './edges.ts'
import { rules } from './rules.ts'

/** The way back before the point of no return, in the one order in which it is safe. */
export const abort = rules.createStateConfig({
  id: 'abort',
  initial: 'copies',
  states: {
    copies: {
      meta: { phase: 'abort', standing: 'goingBack', says: 'ending copies that still run' },
      tags: ['reversible', 'insist'],
      invoke: tries('killCopies', '#abort.permits'),
    },
    permits: {
      meta: { phase: 'abort', standing: 'goingBack', says: 'taking the Raft permits from every node' },
      tags: ['reversible', 'insist'],
      invoke: tries('revokePermits', '#abort.raft'),
    },
    raft: {
      meta: {
        phase: 'abort',
        standing: 'goingBack',
        says: 'stopping every Raft process and proving it stopped',
      },
      tags: ['reversible', 'insist'],
      invoke: tries('stopRaft', '#abort.disarm'),
    },
    disarm: {
      meta: {
        phase: 'abort',
        standing: 'goingBack',
        says: 'freeing the store of {source}',
      },
      tags: ['reversible', 'insist'],
      invoke: tries('disarm', '#abort.decide'),
    },
    decide: {
      meta: {
        phase: 'abort',
        standing: 'goingBack',
        says: 'writing the return into the decision file on {source}',
      },
      tags: ['reversible', 'insist'],
      invoke: {
        src: 'returnDecision',
        id: 'returnDecision',
        onDone: [
          { guard: 'isCommitted', target: '#commit.start', actions: 'noteFacts' },
          { target: '#abort.configs', actions: 'noteFacts' },
        ],
        onError: [
          { guard: 'contradicts', target: '#needsHuman', actions: 'noteFailure' },
          { actions: 'noteFailure' },
        ],
      },
    },
    configs: {
      meta: {
        phase: 'abort',
        standing: 'goingBack',
        says: 'checking that config and unit of {source} are still the old ones',
      },
      tags: ['reversible', 'insist'],
      invoke: tries('checkConfigs', '#abort.unfence'),
    },
    unfence: {
      meta: { phase: 'abort', standing: 'goingBack', says: 'giving {source} its permit back' },
      tags: ['reversible', 'insist'],
      invoke: tries('unfence', '#abort.start'),
    },
    start: {
      meta: { phase: 'abort', standing: 'goingBack', says: 'starting {source} as the single sequencer' },
      tags: ['reversible', 'insist'],
      invoke: tries('startSource', '#abort.block'),
    },
    block: {
      meta: {
        phase: 'abort',
        standing: 'backAlone',
        says: 'ending the dead-man of {source} and waiting for a new block',
      },
      tags: ['reversible', 'insist'],
      invoke: {
        src: 'seeBlock',
        id: 'seeBlock',
        onDone: [
          { guard: 'byOperator', target: '#abort.tidy', actions: 'noteFacts' },
          { target: '#window.returned', actions: 'noteFacts' },
        ],
        onError: [
          { guard: 'contradicts', target: '#needsHuman', actions: 'noteFailure' },
          { actions: 'noteFailure' },
        ],
      },
    },
    tidy: {
      meta: { phase: 'abort', standing: 'backAlone', says: 'removing the key copies and what was prepared' },
      tags: ['reversible', 'insist'],
      invoke: tries('tidy', '#aborted'),
    },
  },
})

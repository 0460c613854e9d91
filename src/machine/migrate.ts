import { abort } from './abort.ts'
import { commit } from './commit.ts'
import { abortable, because, rollable, tries } from './edges.ts'
import { gates } from './gates.ts'
import { rollback } from './rollback.ts'
import { rules } from './rules.ts'
import { window } from './window.ts'

/** Bumped whenever an old journal would replay differently; a journal of another version is refused. */
export const machineVersion = 4

/**
 * The migration, state by state. Every state has its sentence, every edge that can not be undone says so,
 * and nothing here knows a host, a command or a clock.
 */
export const migrateMachine = rules.createMachine({
  id: 'migrate',
  context: ({ input }) => ({
    ...input,
    attempt: 1,
    facts: {},
    evidence: {},
    approvals: {},
    failure: null,
    returnCause: null,
    returnFailure: null,
    signedTwice: null,
    rollbackBegan: false,
  }),
  initial: 'check',
  on: {
    RETRY: { actions: 'clearFailure' },
    RESUME: { actions: 'voidApprovals' },
  },
  states: {
    check: {
      id: 'check',
      meta: { phase: 'prepare', standing: 'alone', says: 'looking at every host; nothing is changed' },
      tags: ['reversible'],
      invoke: tries('check', '#preparePeers'),
      // Nothing was changed yet, so there is nothing to put back.
      on: { ABORT: '#aborted' },
    },
    preparePeers: {
      id: 'preparePeers',
      meta: { phase: 'prepare', standing: 'alone', says: 'preparing the peers of {source}; the chain runs' },
      tags: ['reversible'],
      invoke: tries('preparePeers', '#copySigner'),
      on: abortable,
    },
    copySigner: {
      id: 'copySigner',
      meta: {
        phase: 'prepare',
        standing: 'alone',
        says: 'copying signer.json from {source} to each peer, host to host',
      },
      tags: ['reversible'],
      invoke: tries('copySigner', '#seedData'),
      on: abortable,
    },
    seedData: {
      id: 'seedData',
      meta: {
        phase: 'prepare',
        standing: 'alone',
        says: 'copying the data of {source} while the chain runs',
      },
      tags: ['reversible'],
      invoke: tries('seedData', '#smoke'),
      on: abortable,
    },
    smoke: {
      id: 'smoke',
      meta: {
        phase: 'prepare',
        standing: 'alone',
        says: 'trying binary, key and config on all hosts, each in a network of its own',
      },
      tags: ['reversible'],
      invoke: tries('smoke', '#gate.cutover'),
      on: abortable,
    },
    gate: gates,
    window,
    commit,
    verifyElection: {
      id: 'verifyElection',
      meta: {
        phase: 'after',
        standing: 'cluster',
        says: 'checking leader, members, hashes and heights on every node',
      },
      tags: ['irreversible', 'insist'],
      invoke: tries('verifyElection', '#soak'),
      on: rollable,
    },
    soak: {
      id: 'soak',
      meta: { phase: 'after', standing: 'cluster', says: 'watching every node for a height signed twice' },
      tags: ['irreversible'],
      invoke: tries('soak', '#gate.finish'),
      on: rollable,
    },
    finish: {
      id: 'finish',
      meta: {
        phase: 'after',
        standing: 'cluster',
        says: 'making the new units final and putting the old one away',
      },
      tags: ['irreversible'],
      invoke: tries('finish', '#done'),
    },
    done: {
      id: 'done',
      type: 'final',
      meta: {
        phase: 'end',
        standing: 'cluster',
        says: 'migrated: the cluster produces and every node votes',
      },
      tags: ['irreversible'],
    },
    abort,
    aborted: {
      id: 'aborted',
      type: 'final',
      meta: {
        phase: 'end',
        standing: 'backAlone',
        says: 'aborted: {source} produces as the single sequencer',
      },
      tags: ['reversible'],
    },
    rollback,
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      meta: {
        phase: 'end',
        standing: 'backAlone',
        says: 'rolled back: {source} produces as the single sequencer',
      },
      tags: ['irreversible'],
    },
    halt: {
      id: 'halt',
      meta: {
        phase: 'end',
        standing: 'halting',
        says: 'a height was signed twice: stopping every node, and none starts by itself any more',
      },
      tags: ['unsafe', 'insist'],
      invoke: {
        src: 'stopWriters',
        id: 'stopWriters',
        onDone: { target: '#needsHuman', actions: 'noteFacts' },
        // Whatever is found there: a human is asked only once nobody writes.
        onError: { actions: 'noteFailure' },
      },
    },
    needsHuman: {
      id: 'needsHuman',
      meta: {
        phase: 'end',
        standing: 'unknown',
        says: 'the evidence contradicts itself: nothing is started until a human has looked',
      },
      tags: ['unsafe'],
      on: {
        ABORT: { target: '#abort', guard: 'neverCommitted', actions: because('operator') },
        ROLLBACK: { target: '#gate.rollback', guard: 'wasCommitted' },
      },
    },
  },
})

import { abortable, orReturns, returnable } from './edges.ts'
import { rules } from './rules.ts'

/** The window: from the open decision file to one node less than a quorum. Everything here leads back when it fails. */
export const window = rules.createStateConfig({
  id: 'window',
  initial: 'arm',
  on: returnable,
  states: {
    arm: {
      meta: {
        phase: 'window',
        standing: 'fencing',
        says: 'opening the decision file on {source} and arming the dead-men; the chain still runs',
      },
      tags: ['reversible'],
      invoke: orReturns('arm', '#window.fence'),
    },
    fence: {
      meta: {
        phase: 'window',
        standing: 'fencing',
        says: 'fencing {source}: its unit can not start again as a single sequencer',
      },
      tags: ['reversible'],
      invoke: orReturns('fence', '#window.stop'),
    },
    stop: {
      meta: {
        phase: 'window',
        standing: 'stopped',
        says: 'stopping {source}: the chain stands still from here',
      },
      tags: ['reversible', 'chain-stopped'],
      invoke: orReturns('stopSource', '#window.sync'),
    },
    sync: {
      meta: { phase: 'window', standing: 'stopped', says: 'copying what changed since the last pass' },
      tags: ['reversible', 'chain-stopped'],
      invoke: orReturns('finalSync', '#window.prove'),
    },
    prove: {
      meta: {
        phase: 'window',
        standing: 'stopped',
        says: 'proving the same content on every node to be started',
      },
      tags: ['reversible', 'chain-stopped'],
      invoke: orReturns('proveEqual', '#window.warm'),
    },
    warm: {
      meta: {
        phase: 'window',
        standing: 'warm',
        says: 'starting one node less than a quorum; they wait and produce nothing',
      },
      tags: ['reversible', 'chain-stopped'],
      invoke: orReturns('warmPeers', '#gate.commit'),
    },
    returned: {
      meta: {
        phase: 'end',
        standing: 'backAlone',
        says: '{source} produces again as the single sequencer; the next attempt starts with seeding',
      },
      tags: ['reversible'],
      on: {
        BUDGET_SPENT: {},
        DEAD_MAN: {},
        SIGNED_TWICE: {},
        RESUME: { actions: 'voidApprovals' },
        // The source produces already; the same order once more finds that, and then removes what was prepared.
        ABORT: abortable.ABORT,
        NEXT_ATTEMPT: { target: '#seedData', actions: 'nextAttempt' },
      },
    },
  },
})

import type { Gate, StepName } from '../base/names.ts'
import type { RunContext } from './context.ts'
import { rules } from './rules.ts'

/** Bumped whenever an old journal would replay differently; a journal of another version is refused. */
export const machineVersion = 1

const approved = (gate: Gate) => ({ type: 'approvalHolds' as const, params: { gate } })
const declined = (gate: Gate) => ({ type: 'isGate' as const, params: { gate } })
const because = (cause: NonNullable<RunContext['returnCause']>) => ({
  type: 'goBackBecause' as const,
  params: { cause },
})

/** A step that, failing, leaves the run where it is: `resume` tries again. */
const tries = <S extends StepName>(src: S, target: string) => ({
  src,
  id: src,
  onDone: { target, actions: 'noteFacts' as const },
  onError: [
    { guard: 'contradicts' as const, target: '#needsHuman', actions: 'noteFailure' as const },
    { actions: 'noteFailure' as const },
  ],
})

/** A step of the window: whatever goes wrong before the point of no return leads back to the source. */
const orReturns = <S extends StepName>(src: S, target: string) => ({
  src,
  id: src,
  onDone: { target, actions: 'noteFacts' as const },
  onError: [
    { guard: 'contradicts' as const, target: '#needsHuman', actions: 'noteFailure' as const },
    { target: '#abort', actions: ['noteFailure' as const, because('failure')] },
  ],
})

/** A gate weighs its evidence first; a weighing that fails can be tried again. */
const weighs = <S extends StepName>(src: S) => ({
  src,
  id: src,
  onDone: { actions: 'noteEvidence' as const },
  onError: { actions: 'noteFailure' as const },
})

const abortable = { ABORT: { target: '#abort', actions: because('operator') } }

const returnable = {
  ...abortable,
  BUDGET_SPENT: { target: '#abort', actions: because('budget') },
  RESUME: [
    {
      guard: 'windowOverran' as const,
      target: '#abort',
      actions: ['voidApprovals' as const, because('interrupted')],
    },
    { actions: 'voidApprovals' as const },
  ],
}

const rollable = { ROLLBACK: '#gate.rollback' }

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
  }),
  initial: 'check',
  on: {
    RETRY: { actions: 'clearFailure' },
    RESUME: { actions: 'voidApprovals' },
  },
  states: {
    check: {
      id: 'check',
      meta: { phase: 'prepare', says: 'looking at every host; nothing is changed' },
      tags: ['reversible'],
      invoke: tries('check', '#preparePeers'),
      // Nothing was changed yet, so there is nothing to put back.
      on: { ABORT: '#aborted' },
    },
    preparePeers: {
      id: 'preparePeers',
      meta: { phase: 'prepare', says: 'preparing the peers of {source}; the chain runs' },
      tags: ['reversible'],
      invoke: tries('preparePeers', '#copySigner'),
      on: abortable,
    },
    copySigner: {
      id: 'copySigner',
      meta: { phase: 'prepare', says: 'copying signer.json from {source} to each peer, host to host' },
      tags: ['reversible'],
      invoke: tries('copySigner', '#seedData'),
      on: abortable,
    },
    seedData: {
      id: 'seedData',
      meta: { phase: 'prepare', says: 'copying the data of {source} while the chain runs' },
      tags: ['reversible'],
      invoke: tries('seedData', '#smoke'),
      on: abortable,
    },
    smoke: {
      id: 'smoke',
      meta: {
        phase: 'prepare',
        says: 'trying binary, key and config on all hosts, each in a network of its own',
      },
      tags: ['reversible'],
      invoke: tries('smoke', '#gate.cutover'),
      on: abortable,
    },
    gate: {
      id: 'gate',
      initial: 'cutover',
      states: {
        cutover: {
          meta: { phase: 'gate', says: 'ready to cut over; the chain runs on {source} until you approve' },
          tags: ['reversible', 'waiting'],
          invoke: weighs('weighCutover'),
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
          meta: { phase: 'gate', says: 'the warm nodes wait; one more is the point of no return' },
          tags: ['reversible', 'waiting', 'chain-stopped'],
          invoke: {
            ...weighs('weighCommit'),
            onError: { target: '#abort', actions: ['noteFailure', because('failure')] },
          },
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
          meta: { phase: 'gate', says: 'the cluster runs; finish removes the way back' },
          tags: ['irreversible', 'waiting'],
          invoke: weighs('weighFinish'),
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
            says: 'rolling back stops the cluster; the most advanced store goes on alone',
          },
          tags: ['irreversible', 'waiting'],
          invoke: weighs('weighRollback'),
          on: {
            APPROVE: {
              target: '#rollback',
              guard: approved('rollback'),
              actions: 'noteApproval',
              meta: { irreversible: 'the cluster stops and its members are forbidden to run Raft' },
            },
            DECLINE: { target: '#verifyElection', guard: declined('rollback') },
          },
        },
      },
    },
    window: {
      id: 'window',
      initial: 'arm',
      on: returnable,
      states: {
        arm: {
          meta: { phase: 'window', says: 'opening the decision file on {source}; the chain still runs' },
          tags: ['reversible'],
          invoke: orReturns('arm', '#window.fence'),
        },
        fence: {
          meta: {
            phase: 'window',
            says: 'fencing {source}: its unit can not start again as a single sequencer',
          },
          tags: ['reversible'],
          invoke: orReturns('fence', '#window.stop'),
        },
        stop: {
          meta: { phase: 'window', says: 'stopping {source}: the chain stands still from here' },
          tags: ['reversible', 'chain-stopped'],
          invoke: orReturns('stopSource', '#window.sync'),
        },
        sync: {
          meta: { phase: 'window', says: 'copying what changed since the last pass' },
          tags: ['reversible', 'chain-stopped'],
          invoke: orReturns('finalSync', '#window.prove'),
        },
        prove: {
          meta: { phase: 'window', says: 'proving the same content on every node to be started' },
          tags: ['reversible', 'chain-stopped'],
          invoke: orReturns('proveEqual', '#window.warm'),
        },
        warm: {
          meta: {
            phase: 'window',
            says: 'starting one node less than a quorum; they wait and produce nothing',
          },
          tags: ['reversible', 'chain-stopped'],
          invoke: orReturns('warmPeers', '#gate.commit'),
        },
        returned: {
          meta: {
            phase: 'end',
            says: '{source} produces again as the single sequencer; the next attempt starts with seeding',
          },
          tags: ['reversible'],
          on: {
            BUDGET_SPENT: {},
            RESUME: { actions: 'voidApprovals' },
            ABORT: '#aborted',
            NEXT_ATTEMPT: { target: '#seedData', actions: 'nextAttempt' },
          },
        },
      },
    },
    commit: {
      id: 'commit',
      initial: 'decide',
      states: {
        decide: {
          meta: { phase: 'commit', says: 'measuring everything once more, then deciding on {source}' },
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
          on: { RESUME: { target: '#commit.settle', actions: 'voidApprovals' } },
        },
        settle: {
          meta: { phase: 'commit', says: 'reading the decision on {source}: it alone says which way to go' },
          tags: ['reversible', 'chain-stopped', 'insist'],
          invoke: {
            src: 'readDecision',
            id: 'readDecision',
            onDone: [
              { guard: 'isCommitted', target: '#commit.start', actions: 'noteFacts' },
              { guard: 'isReturned', target: '#window.returned', actions: ['noteFacts', because('deadMan')] },
              { target: '#abort', actions: ['noteFacts', because('failure')] },
            ],
            onError: [
              { guard: 'contradicts', target: '#needsHuman', actions: 'noteFailure' },
              { actions: 'noteFailure' },
            ],
          },
        },
        start: {
          meta: { phase: 'commit', says: 'starting the node that makes the quorum' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('startQuorum', '#commit.rest'),
          on: rollable,
        },
        rest: {
          meta: {
            phase: 'commit',
            says: 'the cluster produces; starting the other nodes and {source} as members',
          },
          tags: ['irreversible', 'insist'],
          invoke: tries('startRest', '#verifyElection'),
          on: rollable,
        },
      },
    },
    verifyElection: {
      id: 'verifyElection',
      meta: { phase: 'after', says: 'checking leader, members, hashes and heights on every node' },
      tags: ['irreversible', 'insist'],
      invoke: tries('verifyElection', '#soak'),
      on: rollable,
    },
    soak: {
      id: 'soak',
      meta: { phase: 'after', says: 'watching every node for a height signed twice' },
      tags: ['irreversible'],
      invoke: {
        ...tries('soak', '#gate.finish'),
        onDone: [
          { guard: 'signedTwice', target: '#needsHuman', actions: 'noteFacts' },
          { target: '#gate.finish', actions: 'noteFacts' },
        ],
      },
      on: rollable,
    },
    finish: {
      id: 'finish',
      meta: { phase: 'after', says: 'making the new units final and putting the old one away' },
      tags: ['irreversible'],
      invoke: tries('finish', '#done'),
    },
    done: {
      id: 'done',
      type: 'final',
      meta: { phase: 'end', says: 'migrated: the cluster produces and every node votes' },
      tags: ['irreversible'],
    },
    abort: {
      id: 'abort',
      initial: 'copies',
      states: {
        copies: {
          meta: { phase: 'abort', says: 'ending copies that still run' },
          tags: ['reversible', 'insist'],
          invoke: tries('killCopies', '#abort.permits'),
        },
        permits: {
          meta: { phase: 'abort', says: 'taking the Raft permits from every node' },
          tags: ['reversible', 'insist'],
          invoke: tries('revokePermits', '#abort.raft'),
        },
        raft: {
          meta: { phase: 'abort', says: 'stopping every Raft process and proving it stopped' },
          tags: ['reversible', 'insist'],
          invoke: tries('stopRaft', '#abort.disarm'),
        },
        disarm: {
          meta: { phase: 'abort', says: 'freeing the store of {source}' },
          tags: ['reversible', 'insist'],
          invoke: tries('disarm', '#abort.decide'),
        },
        decide: {
          meta: { phase: 'abort', says: 'writing the return into the decision file on {source}' },
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
          meta: { phase: 'abort', says: 'checking that config and unit of {source} are still the old ones' },
          tags: ['reversible', 'insist'],
          invoke: tries('checkConfigs', '#abort.unfence'),
        },
        unfence: {
          meta: { phase: 'abort', says: 'giving {source} its permit back' },
          tags: ['reversible', 'insist'],
          invoke: tries('unfence', '#abort.start'),
        },
        start: {
          meta: { phase: 'abort', says: 'starting {source} as the single sequencer' },
          tags: ['reversible', 'insist'],
          invoke: tries('startSource', '#abort.block'),
        },
        block: {
          meta: { phase: 'abort', says: 'waiting for a new block of {source}' },
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
          meta: { phase: 'abort', says: 'removing the key copies and what was prepared' },
          tags: ['reversible', 'insist'],
          invoke: tries('tidy', '#aborted'),
        },
      },
    },
    aborted: {
      id: 'aborted',
      type: 'final',
      meta: { phase: 'end', says: 'aborted: {source} produces as the single sequencer' },
      tags: ['reversible'],
    },
    rollback: {
      id: 'rollback',
      initial: 'stop',
      states: {
        stop: {
          meta: { phase: 'rollback', says: 'stopping every node of the cluster' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('stopAll', '#rollback.forbid'),
        },
        forbid: {
          meta: { phase: 'rollback', says: 'forbidding Raft on so many members that no quorum can form' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('forbidRaft', '#rollback.rank'),
        },
        rank: {
          meta: {
            phase: 'rollback',
            says: 'finding the highest height that may have been signed, and a store that has it',
          },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('rankStores', '#rollback.restore'),
        },
        restore: {
          meta: { phase: 'rollback', says: 'laying the best store onto the single sequencer' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('restoreBest', '#rollback.raftDirs'),
        },
        raftDirs: {
          meta: { phase: 'rollback', says: 'moving the Raft directories aside' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('moveRaftDirs', '#rollback.start'),
        },
        start: {
          meta: { phase: 'rollback', says: 'starting {source} as the single sequencer' },
          tags: ['irreversible', 'chain-stopped', 'insist'],
          invoke: tries('startSingle', '#rollback.block'),
        },
        block: {
          meta: { phase: 'rollback', says: 'waiting for a new block of {source}' },
          tags: ['irreversible', 'insist'],
          invoke: tries('seeSingleBlock', '#rolledBack'),
        },
      },
    },
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      meta: { phase: 'end', says: 'rolled back: {source} produces as the single sequencer' },
      tags: ['irreversible'],
    },
    needsHuman: {
      id: 'needsHuman',
      meta: {
        phase: 'end',
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

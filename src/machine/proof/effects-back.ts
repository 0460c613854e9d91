import type { Act, Effect, Effects, Scene } from './effect.ts'
import { act, given, when } from './effect.ts'
import { looks, weighs } from './effects-forward.ts'
import { after, canStartSingle, mayRunRaft, mayRunSingle, quorumForbidden, type World } from './world.ts'

const stopsPeer: Act = act('a peer without a permit is stopped', (world) =>
  given(world.lingering > 0, () => after(world, { lingering: world.lingering - 1 })),
)

/** A peer at work goes on until it is stopped; one at rest does not start again. */
const takesPermit: Act = act('a peer loses its Raft permit', (world) => {
  const from: readonly (Partial<World> | null)[] = [
    world.warm > 0 ? { warm: world.warm - 1 } : null,
    world.durable > 0 ? { durable: world.durable - 1 } : null,
  ]
  return from
    .filter((one) => one !== null)
    .flatMap((one) => [after(world, one), after(world, { ...one, lingering: world.lingering + 1 })])
})

const endsGuard: Act = act('the guard of node-1 ends', (world) =>
  given(world.guard, () => after(world, { guard: false })),
)

const endsDeadMan: Act = act('the dead-man of node-1 is ended, whatever it was about to do', (world) =>
  given(world.armed, () => after(world, { armed: false, returning: false })),
)

const stopsSource: Act = act('node-1 is stopped', (world) =>
  given(world.process !== 'none', () => after(world, { process: 'none' })),
)

const losesKey: Act = act('the key of node-1 is set aside', (world) =>
  given(world.key, () => after(world, { key: false })),
)

const losesPermits: Act = act('node-1 loses its permits', (world) =>
  given(world.memberPermit || world.permit, () => after(world, { memberPermit: false, permit: false })),
)

/** n - q + 1 members, the one that goes on alone among them. */
const forbidden = (world: World, scene: Scene) =>
  quorumForbidden(world, scene) && !world.memberPermit && world.process !== 'member'

const producesAlone: Effect['done'] = (world) => when(world.process === 'single')

/** Back before the point of no return. */
const abort = {
  killCopies: {
    needs: null,
    acts: [
      act('the run claims node-1, to go back', (world, { run }) =>
        given(world.claim === null && !(world.decision === 'committed' && world.decisionOf !== run), () =>
          after(world, { claim: run }),
        ),
      ),
    ],
    done: (world, { run }) => when(world.claim === run),
  },
  revokePermits: {
    needs: null,
    acts: [takesPermit],
    // Those that are left do not answer.
    done: (world, { quorum }) => when(world.warm + world.durable < quorum),
  },
  stopRaft: { needs: null, acts: [stopsPeer], done: (world, { quorum }) => when(mayRunRaft(world) < quorum) },
  disarm: {
    needs: null,
    acts: [
      endsGuard,
      act('the dead-men of the peers are ended', (world) =>
        given(world.peersArmed, () => after(world, { peersArmed: false })),
      ),
    ],
    // The one of a peer that does not answer may still be armed.
    done: (world) => when(!world.guard),
  },
  returnDecision: {
    needs: null,
    acts: [
      act('the decision file on node-1 goes from "open" to "returned"', (world, { run }) =>
        given(world.decision === 'open' && world.decisionOf === run, () =>
          after(world, { decision: 'returned' }),
        ),
      ),
    ],
    done: (world, { run }) => {
      if (world.decision === 'absent' || world.decision === 'returned')
        return when(true, { decision: 'returned' })
      return when(world.decision === 'committed' && world.decisionOf === run, { decision: 'committed' })
    },
  },
  checkConfigs: looks((world) => when(world.unit === 'single')),
  unfence: {
    needs: null,
    acts: [
      act('the key of node-1 is put back', (world) => given(!world.key, () => after(world, { key: true }))),
      act('node-1 gets its permit for single mode back', (world) =>
        given(world.key && !world.permit, () => after(world, { permit: true })),
      ),
    ],
    done: (world) => when(world.permit && world.key),
  },
  startSource: {
    needs: null,
    acts: [
      act('node-1 starts as the single sequencer', (world, { quorum }) =>
        given(world.process === 'none' && canStartSingle(world) && mayRunRaft(world) < quorum, () =>
          after(world, { process: 'single' }),
        ),
      ),
    ],
    done: producesAlone,
  },
  seeBlock: {
    needs: null,
    acts: [endsDeadMan],
    done: (world) => when(world.process === 'single' && !world.armed),
  },
  tidy: {
    needs: null,
    acts: [
      act('the drop-in of node-1 is removed', (world, { run }) =>
        given(world.claim === run && world.asserts, () => after(world, { asserts: false })),
      ),
      act('permits, claim and decision go with the directory of evha', (world, { run }) =>
        given(world.claim === run && !world.asserts, () =>
          after(world, { permit: false, claim: null, decision: 'absent', decisionOf: null, stale: false }),
        ),
      ),
    ],
    done: (world, { run }) => when(world.claim !== run),
  },
} as const satisfies Partial<Effects>

/** Back after it, through its own gate. */
const rollback = {
  weighRollback: weighs('rollback', () => true),
  stopAll: {
    needs: 'rollback',
    acts: [stopsPeer, stopsSource],
    done: (world, { quorum }) => when(world.lingering + (world.process === 'none' ? 0 : 1) < quorum),
  },
  forbidRaft: {
    needs: 'rollback',
    acts: [losesKey, takesPermit, stopsPeer, stopsSource, endsDeadMan, losesPermits],
    done: (world, scene) => when(forbidden(world, scene) && !world.permit && !world.key && !world.armed),
  },
  rankStores: {
    needs: 'rollback',
    acts: [stopsPeer, stopsSource, endsGuard],
    done: (world, scene) =>
      when(forbidden(world, scene) && world.lingering === 0 && world.process === 'none' && !world.guard),
  },
  restoreBest: {
    needs: 'rollback',
    acts: [],
    done: (world, scene) => when(forbidden(world, scene) && world.process === 'none' && !world.guard),
  },
  moveRaftDirs: {
    needs: 'rollback',
    acts: [],
    done: (world, scene) => when(forbidden(world, scene)),
  },
  startSingle: {
    needs: 'rollback',
    acts: [
      act('the old unit of node-1 is put back', (world, scene) =>
        given(forbidden(world, scene) && world.unit === 'member' && world.process === 'none', () =>
          after(world, { unit: 'single', asserts: true }),
        ),
      ),
      act('the decision file goes from "committed" to "returned"', (world, scene) =>
        given(
          forbidden(world, scene) &&
            world.unit === 'single' &&
            world.decision === 'committed' &&
            world.decisionOf === scene.run,
          () => after(world, { decision: 'returned', committed: false }),
        ),
      ),
      act('the key of node-1 is put back', (world, scene) =>
        given(
          forbidden(world, scene) && world.unit === 'single' && world.decision === 'returned' && !world.key,
          () => after(world, { key: true }),
        ),
      ),
      act('node-1 gets its permit for single mode', (world, scene) =>
        given(
          forbidden(world, scene) &&
            world.unit === 'single' &&
            world.decision === 'returned' &&
            world.key &&
            !world.permit,
          () => after(world, { permit: true }),
        ),
      ),
      act('node-1 starts as the single sequencer', (world, scene) =>
        given(
          forbidden(world, scene) && world.permit && canStartSingle(world) && world.process === 'none',
          () => after(world, { process: 'single' }),
        ),
      ),
    ],
    // Whoever was first past the unit, the unit has its permit and starts once that one is gone.
    done: (world) => when(world.process === 'single' && world.permit),
  },
  seeSingleBlock: {
    needs: 'rollback',
    acts: [
      act('node-1 is no longer claimed', (world, { run }) =>
        given(world.claim === run, () => after(world, { claim: null })),
      ),
    ],
    done: producesAlone,
  },
} as const satisfies Partial<Effects>

/** After a height that was signed twice, wherever the run is. */
const alarm = {
  stopWriters: {
    needs: null,
    acts: [takesPermit, stopsPeer, stopsSource, endsDeadMan, losesPermits, losesKey],
    // Those that are left do not answer, and are too few.
    done: (world, { quorum }) => when(mayRunRaft(world) < quorum && !mayRunSingle(world)),
  },
} as const satisfies Partial<Effects>

export const back = { ...abort, ...rollback, ...alarm }

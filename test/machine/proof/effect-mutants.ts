import type { Act, Effect, Scene } from '../../../src/machine/proof/effect.ts'
import { migrate } from '../../../src/machine/proof/subject.ts'
import { after, type World } from '../../../src/machine/proof/world.ts'
import { acting, idle, type Mutant, skip, withActs, withEffects, withTable } from './changed.ts'

type Seen = (world: World) => World

/** A step that takes the world for another one than it is, as far as it looks at it. */
const blind = (effect: Effect, seen: Seen): Effect => ({
  ...acting(effect, ({ says, to }) => ({
    says,
    to: (world, scene) => to(seen(world), scene).map((next) => after(world, changed(seen(world), next))),
  })),
  done: (world: World, scene: Scene) => effect.done(seen(world), scene),
})

/** What an act has changed, and nothing of what was only believed. */
function changed(before: World, now: World): Partial<World> {
  const entries = Object.entries(now).filter(([key, value]) => before[key as keyof World] !== value)
  return Object.fromEntries(entries) as Partial<World>
}

const measuring = ['weighCommit', 'decide'] as const
const believes = (seen: Seen, steps: readonly (keyof typeof migrate.effects)[]) =>
  Object.fromEntries(steps.map((name) => [name, blind(migrate.effects[name], seen)]))

const whatever = (act: Act, change: (world: World) => World | null): Act => ({
  ...act,
  to: (world) => [change(world)].filter((one) => one !== null),
})

/** The permit alone is taken. */
const withoutKey: Effect = {
  ...migrate.effects.fence,
  acts: migrate.effects.fence.acts.slice(0, 1),
  done: (world, scene) => migrate.effects.fence.done({ ...world, key: false }, scene),
}

/** Each takes something from what the steps do or ask for on the hosts, or from what is believed of them. */
export const effectMutants: readonly Mutant[] = [
  [
    'the fence, and every look for it',
    withEffects(
      believes((world) => ({ ...world, permit: false, key: false }), ['proveEqual', ...measuring]),
      withTable((state) => skip(state('window.arm'), 'arm', '#window.stop')),
    ),
    'returnAfterCommit',
    'node-1 dies: its process and its guard are gone',
  ],
  [
    'the assertion that refuses a start without a permit',
    withActs('node-1 comes back', (act) =>
      whatever(act, (world) =>
        world.process === 'none' && world.unit === 'single' ? after(world, { process: 'single' }) : null,
      ),
    ),
    'returnAfterCommit',
    'node-1 comes back, or a hand starts its unit',
  ],
  [
    'the key that is set aside, and every look for it',
    withEffects({
      ...believes((world) => ({ ...world, key: false }), ['proveEqual', ...measuring]),
      fence: withoutKey,
    }),
    'returnAfterCommit',
    'node-1 dies: its process and its guard are gone',
  ],
  [
    'the key that is set aside while a rollback reads the stores',
    withEffects({
      forbidRaft: {
        ...migrate.effects.forbidRaft,
        acts: migrate.effects.forbidRaft.acts.filter(({ says }) => !says.includes('the key')),
        done: (world, scene) => migrate.effects.forbidRaft.done({ ...world, key: false }, scene),
      },
    }),
    'returnAfterCommit',
    'the old unit of node-1 is put back',
  ],
  [
    'the guard of the store beside the key, and every look for them',
    withEffects({
      ...believes((world) => ({ ...world, guard: true, key: false }), ['proveEqual', ...measuring]),
      fence: withoutKey,
      stopSource: {
        ...migrate.effects.stopSource,
        acts: migrate.effects.stopSource.acts.slice(0, 1),
        done: (world) => (world.process === 'none' ? [{}] : null),
      },
    }),
    'returnAfterCommit',
    'everything is measured once more',
  ],
  [
    'the comparing of the decision',
    withEffects(believes((world) => ({ ...world, decision: 'open', stale: false }), ['decide'])),
    'returnAfterCommit',
    'the dead-man of node-1 runs out: the decision file goes from "open" to "returned"',
  ],
  [
    'the question of the dead-man to the decision file',
    withActs('the dead-man of node-1 runs out', (act) =>
      whatever(act, (world) => (world.armed ? after(world, { returning: true }) : null)),
    ),
    'returnAfterCommit',
    'the dead-man of node-1 ends the guard and gives key and permit for single mode back',
  ],
  [
    'the end of the dead-man on the way back',
    withEffects({ seeBlock: idle(migrate.effects.seeBlock) }),
    'returnAfterCommit',
    'the dead-man of node-1 ends the guard and gives key and permit for single mode back',
  ],
  [
    'the end of the dead-man before a rollback',
    withEffects({
      forbidRaft: {
        ...migrate.effects.forbidRaft,
        done: (world, scene) => migrate.effects.forbidRaft.done({ ...world, armed: false }, scene),
      },
    }),
    'deadEnd',
    'the decision file goes from "committed" to "returned"',
  ],
  [
    'the disarming of the peers before the commit',
    withEffects({
      decide: {
        ...migrate.effects.decide,
        acts: migrate.effects.decide.acts
          .filter(({ says }) => !says.includes('disarmed'))
          .map(({ says, to }) => ({
            says,
            to: (world, scene) =>
              to({ ...world, peersArmed: false }, scene).map((next) => ({
                ...next,
                peersArmed: world.peersArmed,
              })),
          })),
      },
    }),
    'deadManAfterCommit',
    'weighCommit is done\nthe operator approves the gate commit\neverything is measured once more',
  ],
  [
    'the finality of an attempt that was returned',
    withEffects({
      arm: acting(migrate.effects.arm, (act) =>
        whatever(act, (world) =>
          world.decision === 'open' || world.decision === 'committed'
            ? null
            : after(world, {
                decision: 'open',
                decisionOf: 'this',
                stale: false,
                armed: true,
                peersArmed: true,
              }),
        ),
      ),
    }),
    'returnAfterCommit',
    'the decision file on node-1 goes to "open"',
  ],
  [
    'the limit of q - 1 warm peers',
    withEffects({
      warmPeers: acting(migrate.effects.warmPeers, (act) => ({
        ...act,
        to: (world) => (world.warm < 2 ? [after(world, { warm: world.warm + 1 })] : []),
      })),
    }),
    'quorumBeforeCommit',
    'one peer starts in Raft mode, with a permit that a reboot takes\none peer starts in Raft mode',
  ],
  [
    'the taking of permits that were left over',
    withEffects({ seedData: idle(migrate.effects.seedData) }),
    'quorumBeforeCommit',
    'the run makes its next attempt',
  ],
  [
    'the rule of n - q + 1 forbidden members',
    withEffects({
      forbidRaft: idle(migrate.effects.forbidRaft),
      ...believes(
        (world) => ({ ...world, lingering: 0, warm: 0, durable: 0, memberPermit: false }),
        ['rankStores', 'restoreBest', 'moveRaftDirs', 'startSingle'],
      ),
    }),
    'returnAfterCommit',
    'forbidRaft is done',
  ],
  [
    'the stop of a node that came up again',
    withEffects({
      rankStores: {
        ...migrate.effects.rankStores,
        acts: migrate.effects.rankStores.acts.filter(({ says }) => !says.includes('a peer')),
      },
    }),
    'deadEnd',
    'rollback.rank: from here no way leads to a safe end',
  ],
  [
    'the end of the guard before stores are read',
    withEffects({
      rankStores: {
        ...migrate.effects.rankStores,
        acts: migrate.effects.rankStores.acts.filter(({ says }) => !says.includes('guard')),
      },
    }),
    'deadEnd',
    'halt: from here no way leads to a safe end',
  ],
  [
    'the claim that an abort asks for',
    withEffects({ killCopies: idle(migrate.effects.killCopies) }),
    'quorumBeforeCommit',
    'a second operator, with a run of his own: one peer starts in Raft mode, with a permit that a reboot takes\na peer loses its Raft permit\na second operator, with a run of his own: one peer starts in Raft mode',
  ],
  [
    'the stop of every writer once a height was signed twice',
    withEffects({ stopWriters: idle(migrate.effects.stopWriters) }),
    'writerAfterAlarm',
    'stopWriters is done',
  ],
  [
    'the effect of a step',
    withEffects({ finalSync: undefined }),
    'withoutEffect',
    'what finalSync does to the hosts is not stated',
  ],
  [
    'a journal that is whole when another workstation takes the run over',
    { ...migrate, granted: { refusesOld: true, wholeJournal: false } },
    'quorumBeforeCommit',
    'the other workstation takes the run over, with the journal it has\none peer starts in Raft mode',
  ],
  [
    'the refusal of a workstation whose run was taken over',
    { ...migrate, granted: { refusesOld: false, wholeJournal: true } },
    'quorumBeforeCommit',
    'the other workstation takes the run over, with the journal it has',
  ],
]

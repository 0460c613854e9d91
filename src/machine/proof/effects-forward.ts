import type { Effect, Effects, Scene } from './effect.ts'
import { act, given, when } from './effect.ts'
import { after, mayRunRaft, type Run, type World } from './world.ts'

const peersRest = ({ lingering, warm, durable }: World) => lingering + warm + durable === 0
const ours = (world: World, { run }: Scene) => world.claim === run
const fenced = ({ asserts, permit, key }: World) => asserts && !permit && !key

/** A step that only looks. */
export const looks = (done: Effect['done'] = () => when(true)): Effect => ({ needs: null, acts: [], done })

/** The approval's evidence; its digest is one for each gate, changed evidence is tried beside it. */
export const weighs = (gate: string, holds: (world: World, scene: Scene) => boolean): Effect =>
  looks((world, scene) => when(holds(world, scene), { digest: `evidence of ${gate}` }))

/** All that one round before the decision measures. */
const measured = (world: World, { quorum }: Scene) =>
  fenced(world) &&
  world.guard &&
  world.process === 'none' &&
  world.warm === quorum - 1 &&
  world.lingering + world.durable === 0

const readsDecision: Effect['done'] = (world, { run }) =>
  when(speaksOf(world, run), { decision: world.decision })

const speaksOf = (world: World, run: Run) => world.decisionOf === run && !world.stale

/** What was returned in this attempt stays so: its dead-man may still be at work. */
const mayOpen = (world: World, run: Run) =>
  world.decision === 'absent' || (world.decision === 'returned' && !speaksOf(world, run))

/** From the first look to the end of the migration. */
export const forward = {
  check: looks((world, { run }) =>
    when(
      (world.claim ?? run) === run &&
        world.process === 'single' &&
        !(world.decision === 'committed' && world.decisionOf !== run),
    ),
  ),
  preparePeers: {
    needs: null,
    acts: [
      act('the run claims node-1', (world, { run }) =>
        given(world.claim === null, () => after(world, { claim: run })),
      ),
      act('node-1 gets the permit for single mode, and then the drop-in that asks for it', (world, scene) =>
        given(ours(world, scene) && (!world.asserts || !world.permit), () =>
          after(world, { asserts: true, permit: true }),
        ),
      ),
    ],
    done: (world, scene) => when(ours(world, scene) && world.asserts),
  },
  copySigner: looks(),
  seedData: {
    needs: null,
    acts: [
      act('a peer at rest loses a Raft permit that was left over', (world) =>
        given(world.lingering > 0, () => after(world, { lingering: world.lingering - 1 })),
      ),
    ],
    done: (world) => when(peersRest(world)),
  },
  smoke: looks(),
  weighCutover: weighs('cutover', (world) => world.process === 'single'),
  arm: {
    needs: 'cutover',
    acts: [
      act('the decision file on node-1 goes to "open"', (world, { run }) =>
        given(mayOpen(world, run), () => after(world, { decision: 'open', decisionOf: run, stale: false })),
      ),
      act('the dead-man of node-1 is armed', (world, { run }) =>
        given(world.decision === 'open' && speaksOf(world, run) && !world.armed, () =>
          after(world, { armed: true }),
        ),
      ),
      act('the dead-men of the peers are armed', (world, { run }) =>
        given(world.decision === 'open' && speaksOf(world, run) && !world.peersArmed, () =>
          after(world, { peersArmed: true }),
        ),
      ),
    ],
    done: (world, { run }) =>
      when(world.decision === 'open' && speaksOf(world, run) && world.armed && world.peersArmed),
  },
  fence: {
    needs: 'cutover',
    acts: [
      act('the permit of node-1 is taken: its unit can not start again as a single sequencer', (world) =>
        given(world.asserts && world.permit, () => after(world, { permit: false })),
      ),
      act('the key of node-1 is set aside: nothing that is started there signs', (world) =>
        given(!world.permit && world.key, () => after(world, { key: false })),
      ),
    ],
    done: (world) => when(fenced(world) && world.process === 'single'),
  },
  stopSource: {
    needs: 'cutover',
    acts: [
      act('node-1 is stopped', (world) =>
        given(world.process === 'single', () => after(world, { process: 'none' })),
      ),
      act('the guard takes the lock of the store of node-1', (world) =>
        given(world.process === 'none' && !world.guard, () => after(world, { guard: true })),
      ),
    ],
    done: (world) => when(world.process === 'none' && world.guard),
  },
  finalSync: {
    needs: 'cutover',
    acts: [
      act('the last pass copies what changed', (world) =>
        given(world.process === 'none', () => after(world, { synced: true })),
      ),
    ],
    done: (world) => when(world.synced),
  },
  proveEqual: {
    needs: 'cutover',
    acts: [
      act(
        'the content of the stores is compared and is equal, and a start of the fenced unit is refused',
        (world) =>
          given(fenced(world) && world.process === 'none' && world.synced, () =>
            after(world, { proved: true }),
          ),
      ),
    ],
    done: (world) => when(world.proved),
  },
  warmPeers: {
    needs: 'cutover',
    acts: [
      act('one peer starts in Raft mode, with a permit that a reboot takes', (world, { nodes, quorum }) => [
        ...given(world.warm < quorum - 1 && mayRunRaft(world) < nodes - 1, () =>
          after(world, { warm: world.warm + 1 }),
        ),
      ]),
    ],
    done: (world, { quorum }) => when(world.warm === quorum - 1),
  },
  // Right after the warm start it shows what was seen until then; the decision measures whatever it was shown on.
  weighCommit: weighs('commit', () => true),
  decide: {
    needs: 'commit',
    acts: [
      act('the dead-men of the peers are disarmed for good', (world) =>
        given(world.peersArmed, () => after(world, { peersArmed: false })),
      ),
      act(
        'everything is measured once more, and the decision file goes from "open" to "committed"',
        (world, scene) =>
          given(
            measured(world, scene) &&
              !world.peersArmed &&
              world.decision === 'open' &&
              speaksOf(world, scene.run),
            () => after(world, { decision: 'committed', committed: true }),
          ),
      ),
    ],
    done: readsDecision,
  },
  readDecision: looks(readsDecision),
  startQuorum: {
    needs: null,
    acts: [
      act('one more peer gets a durable Raft permit and starts', (world, { quorum }) =>
        world.durable < quorum ? oneMoreMember(world) : [],
      ),
    ],
    done: (world, { quorum }) => when(world.durable >= quorum),
  },
  startRest: {
    needs: null,
    acts: [
      act('one more peer gets a durable Raft permit and starts', (world, { nodes }) =>
        world.durable < nodes - 1 ? oneMoreMember(world) : [],
      ),
      act('the dead-man of node-1 is ended', (world) =>
        given(world.armed, () => after(world, { armed: false, returning: false })),
      ),
      act('unit and config of a member are swapped in on node-1', (world) =>
        given(world.unit === 'single', () => after(world, { unit: 'member' })),
      ),
      act('the key of node-1 is put back', (world) =>
        given(world.unit === 'member' && !world.key, () => after(world, { key: true })),
      ),
      act('the guard of node-1 ends', (world) =>
        given(world.unit === 'member' && world.guard, () => after(world, { guard: false })),
      ),
      act('node-1 gets its Raft permit and starts as a member', (world) =>
        given(world.unit === 'member' && world.key && !world.guard && world.process === 'none', () =>
          after(world, { memberPermit: true, process: 'member' }),
        ),
      ),
    ],
    done: allIn,
  },
  verifyElection: looks(allIn),
  soak: looks(allIn),
  weighFinish: weighs('finish', () => true),
  finish: {
    needs: 'finish',
    acts: [
      act('node-1 is no longer claimed', (world, scene) =>
        given(ours(world, scene), () => after(world, { claim: null })),
      ),
    ],
    done: (world) => when(world.claim === null),
  },
} as const satisfies Partial<Effects>

/** A peer becomes a member for good, whatever it was before: at rest, left over, or warm. */
function oneMoreMember(world: World): readonly World[] {
  const { warm, lingering, durable } = world
  if (warm > 0) return [after(world, { warm: warm - 1, durable: durable + 1 })]
  if (lingering > 0) return [after(world, { lingering: lingering - 1, durable: durable + 1 })]
  return [after(world, { durable: durable + 1 })]
}

function allIn(world: World, { nodes }: Scene): readonly unknown[] | null {
  return when(world.durable === nodes - 1 && world.process === 'member')
}

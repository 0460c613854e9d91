import type { Act } from './effect.ts'
import { act, given } from './effect.ts'
import { after, canStartPastUnit, canStartSingle, type World } from './world.ts'

/** Somebody or something that acts beside the run, whenever it likes. */
export interface Actor {
  readonly name: string
  readonly acts: readonly Act[]
}

const waits = ({ armed, returning }: World) => armed && !returning

/** Persistent timers on the hosts. They may run out at any moment while they are armed. */
const deadMen: Actor = {
  name: 'a dead-man',
  acts: [
    act('the dead-man of node-1 runs out: the decision file goes from "open" to "returned"', (world) =>
      given(waits(world) && world.decision === 'open' && !world.stale, () =>
        after(world, { decision: 'returned', returning: true }),
      ),
    ),
    act('the dead-man of node-1 ends the guard and gives key and permit for single mode back', (world) =>
      given(world.returning, () =>
        after(world, { armed: false, returning: false, guard: false, key: true, permit: true }),
      ),
    ),
    act('the dead-man of node-1 is ended in the middle, and systemd starts it anew', (world) =>
      given(world.returning, () => after(world, { returning: false })),
    ),
    act('the dead-man of node-1 finds that it has returned the chain, and goes on with that', (world) =>
      given(waits(world) && world.decision === 'returned' && !world.stale, () =>
        after(world, { returning: true }),
      ),
    ),
    act('the dead-man of node-1 finds nothing to do', (world) =>
      given(waits(world) && world.decision !== 'open', () => after(world, { armed: false })),
    ),
    act('the dead-man of a peer takes its permit and kills its Raft process', (world) =>
      !world.peersArmed
        ? []
        : oneRaftLess(world).flatMap((less) => [less, after(less, { peersArmed: false })]),
    ),
  ],
}

/** A peer without permit and process, whatever it was before. It sees nobody: it would end a member of the cluster too. */
function oneRaftLess(world: World): World[] {
  return (['warm', 'durable', 'lingering'] as const)
    .filter((kind) => world[kind] > 0)
    .map((kind) => after(world, { [kind]: world[kind] - 1 }))
}

/** Power, systemd, and people at the hosts. */
const hosts: Actor = {
  name: 'a host',
  acts: [
    act('node-1 dies: its process and its guard are gone', (world) =>
      given(world.process !== 'none' || world.guard, () => after(world, { process: 'none', guard: false })),
    ),
    {
      says: 'node-1 comes back, or a hand starts its unit',
      sure: true,
      to: (world) => {
        if (world.process !== 'none') return []
        if (canStartSingle(world)) return [after(world, { process: 'single' })]
        return given(world.unit === 'member' && world.memberPermit && world.key, () =>
          after(world, { process: 'member' }),
        )
      },
    },
    act('somebody starts the node on node-1 past systemd', (world) =>
      given(canStartPastUnit(world), () => after(world, { process: 'single' })),
    ),
    act('a peer reboots: a permit that a reboot takes is gone', (world) =>
      given(world.warm > 0, () => after(world, { warm: world.warm - 1 })),
    ),
    act('a peer without a permit dies', (world) =>
      given(world.lingering > 0, () => after(world, { lingering: world.lingering - 1 })),
    ),
  ],
}

export const actors: readonly Actor[] = [deadMen, hosts]

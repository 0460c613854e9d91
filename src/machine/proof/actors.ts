import type { Act } from './effect.ts'
import { act, given } from './effect.ts'
import { after, canStartSingle } from './world.ts'

/** Somebody or something that acts beside the run, whenever it likes. */
export interface Actor {
  readonly name: string
  readonly acts: readonly Act[]
}

/** Persistent timers on the hosts. They may run out at any moment while they are armed. */
const deadMen: Actor = {
  name: 'a dead-man',
  acts: [
    act('the dead-man of node-1 runs out: the decision file goes from "open" to "returned"', (world) =>
      given(world.armed && world.decision === 'open', () =>
        after(world, { armed: false, returning: true, decision: 'returned' }),
      ),
    ),
    act('the dead-man of node-1 ends the guard and gives the permit for single mode back', (world) =>
      given(world.returning, () => after(world, { returning: false, guard: false, permit: true })),
    ),
    act('the dead-man of a peer kills its Raft process and takes its permit', (world) =>
      given(world.warm > 0, () => after(world, { warm: world.warm - 1 })),
    ),
  ],
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
        return given(world.unit === 'member' && world.memberPermit, () => after(world, { process: 'member' }))
      },
    },
    act('somebody starts the node on node-1 past systemd', (world) =>
      given(
        world.process === 'none' &&
          !world.guard &&
          (world.decision === 'absent' || world.decision === 'open'),
        () => after(world, { process: 'single' }),
      ),
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

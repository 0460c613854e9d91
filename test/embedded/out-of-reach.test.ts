// A peer out of reach while the chain stands still: what it was started with must not outlive the way back. Minutes: nightly.
import { expect, test } from 'vitest'
import { labControl } from '../../src/lab/control.ts'
import { must, stuck } from '../../src/steps/ask.ts'
import { endDeadMan } from '../../src/steps/dead-man/commands.ts'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { nextBlockOf, setWindow, shownOf } from './chain.ts'
import { andThen, driveWith, type Lab, pause, type Replaced, withLab } from './lab.ts'

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')
const soonMs = 15_000

/** A peer's link is cut at a moment of the window. */
const cutting = (lab: Lab): readonly (readonly [when: string, Replaced])[] => {
  const cut = () => labControl(lab.stateDir, 'refuse-links', 'node-2')
  return [
    [
      'before the warm set starts',
      { proveEqual: { apply: andThen(steps.proveEqual.apply, async () => void (await cut())) } },
    ],
    [
      'while it starts',
      {
        warmPeers: {
          apply: (context: StepContext) =>
            Promise.all([steps.warmPeers.apply(context), pause(150).then(cut)]).then(([all]) => all),
        },
      },
    ],
    [
      'after it has started',
      { warmPeers: { apply: andThen(steps.warmPeers.apply, async () => void (await cut())) } },
    ],
  ]
}

/** What stands of the dead-man of a host, told where it did not act. */
const deadManOf = async (lab: Lab, host: string): Promise<string> =>
  (
    await lab.on(
      host,
      `date +%T.%3N; cat var/lib/evha/dead-man/armed run/evha/dead-man.deadline /proc/uptime 2>&1; journalctl -u ev-node.service -n 5; systemctl show evha-dead-man-ev-node.service --property=ActiveState,SubState,NRestarts,InvocationID`,
    )
  ).stdout

nightlyTest(
  'a peer is cut off before, while and after the warm set starts: back each time, and it ends its member by itself',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds: 4 })
      for (const [when, replaced] of cutting(lab)) {
        const end = await driveWith(lab, replaced)
        expect(end, `${when}: ${end.failure?.message}`).toMatchObject({ outcome: 'returned', exitCode: 5 })
        expect(await nextBlockOf(lab, 'node-1', soonMs), when).not.toBeNull()
        // Nobody can reach it, and what it started does not run on.
        const isUp = async () => (await shownOf(lab, 'node-2', 'ActiveState')).includes('=active')
        const ended = await expect
          .poll(isUp, { timeout: soonMs })
          .toBe(false)
          .catch(() => 'not ended')
        expect(ended, `${when}: ${await deadManOf(lab, 'node-2')}`).toBeUndefined()
        expect(
          (await lab.on('node-2', 'ls run/evha/permits var/lib/evha/permits')).stdout,
          when,
        ).not.toContain('raft')
        await labControl(lab.stateDir, 'accept-links', 'node-2')
        expect((await lab.evha('abort')).code, when).toBe(5)
      }
      expect(lab.signedTwice()).toEqual([])
    }),
)

/** The window turns back with node-2 warm; it is out of reach until the Raft processes of the others are proved stopped. */
const outOfReachForAWhile = (lab: Lab): Replaced => ({
  warmPeers: {
    apply: andThen(steps.warmPeers.apply, () => Promise.reject(stuck('node-2: taken away by the test'))),
  },
  revokePermits: {
    apply: async (context: StepContext) => {
      await labControl(lab.stateDir, 'refuse-links', 'node-2')
      return steps.revokePermits.apply(context)
    },
  },
  stopRaft: {
    verify: async (context: StepContext) => {
      const verdict = await steps.stopRaft.verify(context)
      await labControl(lab.stateDir, 'accept-links', 'node-2')
      return verdict
    },
  },
})

nightlyTest('a peer that comes back into reach before its dead-man is ended has its member ended first', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds: 40 })
    const end = await driveWith(lab, outOfReachForAWhile(lab))
    expect(end, end.failure?.message).toMatchObject({ outcome: 'returned', exitCode: 5 })
    expect(await nextBlockOf(lab, 'node-1', soonMs)).not.toBeNull()
    expect(await shownOf(lab, 'node-2', 'ActiveState')).not.toContain('=active')
    expect(lab.signedTwice()).toEqual([])
  }),
)

nightlyTest('without that it runs on, with nothing left that would end it', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds: 40 })
    const deadMenAlone = {
      disarm: {
        apply: async (context: StepContext) => {
          for (const peer of context.peers) await must(context, peer, endDeadMan(peer.spec))
          if ('undo' in steps.stopSource) await steps.stopSource.undo(context)
          return {}
        },
      },
    } satisfies Replaced
    const end = await driveWith(lab, { ...outOfReachForAWhile(lab), ...deadMenAlone })
    expect(end, end.failure?.message).toMatchObject({ outcome: 'returned' })
    expect(await shownOf(lab, 'node-2', 'ActiveState')).toContain('=active')
  }),
)

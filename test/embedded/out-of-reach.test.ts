// A peer out of reach while the chain stands still: what it was started with must not outlive the way back. Minutes: nightly.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { labControl } from '../../src/lab/control.ts'
import { untouched } from '../../src/remote/untouched.ts'
import { must, stuck } from '../../src/steps/ask.ts'
import { endDeadMan } from '../../src/steps/dead-man/commands.ts'
import { steps } from '../../src/steps/registry.ts'
import type { Host, StepContext } from '../../src/steps/step.ts'
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
        const ends = expect.poll(isUp, { timeout: soonMs }).toBe(false)
        const ended = await ends.then(
          () => true,
          () => false,
        )
        expect(ended, `${when}: ${await deadManOf(lab, 'node-2')}`).toBe(true)
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

/** node-2 ends its dead-man for the decision, and its link is gone before it can say so. */
const answerLost = (lab: Lab): Replaced => ({
  decide: {
    apply: (context: StepContext) => {
      const peers = context.peers.map((peer) => (peer.spec.name === 'node-2' ? losing(lab, peer) : peer))
      return steps.decide.apply({ ...context, peers, nodes: [context.source, ...peers] })
    },
  },
})

const losing = (lab: Lab, { spec, remote }: Host): Host => ({
  spec,
  remote: {
    ...untouched(remote),
    stream: (command, signal) => remote.stream(command, signal),
    send: (file, path, signal) => remote.send(file, path, signal),
    async run(command, signal) {
      const outcome = await remote.run(command, signal)
      if (command.says !== 'disarm the dead-man') return outcome
      await labControl(lab.stateDir, 'refuse-links', 'node-2')
      const { durationMs } = outcome
      return { kind: 'unknown', why: 'linkLost', message: 'the link was cut by the test', durationMs }
    },
  },
})

nightlyTest(
  'a peer is cut off as its dead-man is ended for the decision: back, its member told of, and ended once it answers',
  () =>
    withLab(3, async (lab) => {
      const end = await driveWith(lab, answerLost(lab))
      expect(end, end.failure?.message).toMatchObject({ outcome: 'returned', exitCode: 5 })
      expect(await nextBlockOf(lab, 'node-1', soonMs)).not.toBeNull()
      expect(await shownOf(lab, 'node-2', 'ActiveState')).toContain('=active')
      const told = join(lab.stateDir, 'told.md')
      expect((await lab.evha('report', '--markdown', told)).code).toBe(0)
      expect(readFileSync(told, 'utf8')).toContain('node-2: not reached; a member')
      await labControl(lab.stateDir, 'accept-links', 'node-2')
      expect((await lab.evha('abort')).code).toBe(5)
      expect(await shownOf(lab, 'node-2', 'ActiveState')).not.toContain('=active')
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

nightlyTest('without that it runs on with nothing left that would end it, and the chain stands still', () =>
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
    expect(end).toMatchObject({ outcome: 'failed', exitCode: 1 })
    expect(end.failure?.message).toBe('node-2: ev-node.service runs; node-1 is not started beside it')
    expect(await shownOf(lab, 'node-2', 'ActiveState')).toContain('=active')
    expect(await shownOf(lab, 'node-1', 'ActiveState')).not.toContain('=active')
  }),
)

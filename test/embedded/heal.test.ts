// Members that do not come in by themselves after the commit are brought in, or named.
import { expect, test } from 'vitest'
import { steps } from '../../src/steps/registry.ts'
import { shownOf } from './chain.ts'
import { andThen, driveWith, type Lab, type Replaced, withLab } from './lab.ts'

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')

/** Just when all are started, something befalls a member. */
const befalls = (lab: Lab, host: string, command: string): Replaced => ({
  startRest: {
    apply: andThen(steps.startRest.apply, async () => {
      const done = await lab.on(host, command)
      expect(done.code, done.stderr).toBe(0)
    }),
  },
})

async function allVote(lab: Lab, replaced: Replaced, healed: string): Promise<void> {
  const before = await shownOf(lab, healed, 'InvocationID')
  const end = await driveWith(lab, replaced)
  expect(end.outcome, end.failure?.message).toBe('migrated')
  const { stdout } = await lab.evha('report', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ nodesVoting: 3, forks: [] })
  expect(await shownOf(lab, healed, 'ActiveState')).toContain('ActiveState=active')
  expect(await shownOf(lab, healed, 'InvocationID')).not.toBe(before)
}

test('a member that was stopped by a hand just after its start is started anew: all vote', () =>
  withLab(3, (lab) => allVote(lab, befalls(lab, 'node-3', 'systemctl stop ev-node.service'), 'node-3')))

nightlyTest('a member that hangs is started anew after its P2P wait: all vote', () =>
  withLab(3, (lab) =>
    allVote(lab, befalls(lab, 'node-3', 'systemctl kill --signal=SIGSTOP ev-node.service'), 'node-3'),
  ),
)

nightlyTest(
  'a late joiner that exits at every start gets a Raft directory that was bootstrapped apart: all vote',
  () =>
    withLab(3, async (lab) => {
      // A term and no membership: what the node is left with that was contacted before it had bootstrapped.
      const spoiled: Replaced = {
        startQuorum: {
          apply: andThen(steps.startQuorum.apply, async () => {
            const spoil = `cd var/lib/ev-node/raft && rm -rf raft-log.db snapshots && printf '{"term":1,"votedFor":""}' > raft-stable.db`
            const done = await lab.on('node-1', spoil)
            expect(done.code, done.stderr).toBe(0)
          }),
        },
      }
      await allVote(lab, spoiled, 'node-1')
    }),
)

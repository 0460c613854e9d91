import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import { type RunningClient, startExecutionClient } from '../execution-client.ts'
import { confirm, driveWith, type Lab, type Replaced, withLab } from './lab.ts'

const nightly = process.env['EVHA_TEST_TIER'] === 'nightly'

test.runIf(nightly)(
  'a client that holds another last block keeps its node out: with no quorum left the run goes back by itself, and once it is mended it migrates',
  () =>
    withLab(
      3,
      async (lab) => {
        const other = await goesBack(lab)
        await other.close()
        await lab.on('node-2', 'systemctl start ev-reth.service')
        const report = await migrates(lab)
        await rollsBack(lab, report)
      },
      '--evm',
    ),
)

async function goesBack(lab: Lab): Promise<RunningClient> {
  const clients: RunningClient[] = []
  const end = await driveWith(lab, afterTheStop(lab, clients))
  const [other] = clients
  if (other === undefined) throw new Error(`the source was not stopped: ${end.failure?.message}`)
  expect(end.failure?.message).toMatch(
    /only 1 of 2 peers have the content of node-1: node-2: its execution client has another block \d+ \(0x\S+\) than that of node-1 \(0x\S+\)/,
  )
  expect([end.outcome, end.exitCode]).toEqual(['returned', 5])
  expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
  return other
}

/** In the place of node-2's client, once the chain stands still, one of another chain: no look before the window could have found it. */
const afterTheStop = (lab: Lab, clients: RunningClient[]): Replaced => ({
  stopSource: {
    apply: async (context) => {
      const measured = await realSteps.stopSource.apply(context)
      const at = lab.hosts[1]?.execution
      if (at === undefined) throw new Error('the lab has no clients')
      await lab.on('node-2', 'systemctl stop ev-reth.service')
      const running = await startExecutionClient({
        secret: '00'.repeat(32),
        at,
        head: () => 1_000_000,
        stateRoot: () => `0x${'0'.repeat(64)}`,
      })
      onTestFinished(() => running.close())
      clients.push(running)
      return measured
    },
  },
})

async function migrates(lab: Lab): Promise<Report> {
  const gone = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit'))
  const report = JSON.parse(gone.stdout) as Report
  expect(gone.code, gone.stderr).toBe(4)
  expect(report).toMatchObject({ outcome: 'migrated', state: 'gate.finish', nodesVoting: 3, forks: [] })
  const { clients = [], firstClusterHeight } = report
  expect(clients.map(({ node, why }) => [node, why])).toEqual([
    ['node-2', null],
    ['node-3', null],
    ['node-1', null],
  ])
  expect(new Set(clients.map(({ hash }) => hash)).size).toBe(1)
  for (const { height } of clients) expect(height).toBeGreaterThan(firstClusterHeight ?? Number.NaN)
  expect(gone.stderr).toMatch(/clients +3 of 3 have the cluster's first block and advance/)
  return report
}

/** A client ahead of the store it goes on with: its node takes it back, and evha says so. */
async function rollsBack(lab: Lab, before: Report): Promise<void> {
  const gone = await lab.evha('rollback', '--json', ...confirm(lab, 'rollback'))
  expect(gone.code, gone.stderr).toBe(5)
  const report = JSON.parse(gone.stdout) as Report
  expect(report).toMatchObject({ outcome: 'rolledBack', forks: [] })
  const { clients = [] } = report
  expect(clients.map(({ node, why }) => [node, why])).toEqual([
    ['node-1', null],
    ['node-2', null],
    ['node-3', null],
  ])
  for (const { height } of clients) expect(height).toBeGreaterThan(before.firstClusterHeight ?? Number.NaN)
  expect(lab.signedTwice()).toEqual([])
}

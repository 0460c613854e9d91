import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { labControl } from '../../src/lab/control.ts'
import type { Report } from '../../src/run/api.ts'
import { stuck } from '../../src/steps/ask.ts'
import { confirm, type Lab, migrate, resumeWith, withLab } from './lab.ts'

const nightly = test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly')

const unit = 'evha-warm-up-ev-node.service'
const peersOf = (lab: Lab) => lab.hosts.slice(1).map(({ name }) => name)
const isUp = async (lab: Lab, host: string, of = unit) =>
  (await lab.on(host, `systemctl is-active ${of}`)).code === 0
const invocation = async (lab: Lab) =>
  (await lab.on('node-1', 'systemctl show ev-node.service --property=InvocationID')).stdout

/** Neither a full node nor a member runs on a peer, and no permit is left that would let one be started. */
async function nothingRuns(lab: Lab): Promise<void> {
  for (const name of peersOf(lab)) {
    expect([await isUp(lab, name), await isUp(lab, name, 'ev-node.service')], name).toEqual([false, false])
    expect(existsSync(`${lab.root}/${name}/run/evha/permits/warm-up`), name).toBe(false)
  }
}

async function nothingIsLeft(lab: Lab): Promise<void> {
  await nothingRuns(lab)
  for (const name of peersOf(lab))
    for (const path of [`etc/systemd/system/${unit}`, 'var/lib/ev-node/warm-up', 'var/lib/evha/warm-up'])
      expect(existsSync(`${lab.root}/${name}/${path}`), `${name}: ${path}`).toBe(false)
}

/** Held at the cutover gate: every client is warm, every full node runs. */
async function heldWarm(lab: Lab): Promise<void> {
  const { code, report, stderr } = await migrate(lab)
  expect(code, stderr).toBe(4)
  expect(report.state).toBe('gate.cutover')
  for (const name of peersOf(lab)) expect(await isUp(lab, name), name).toBe(true)
}

nightly('an abort beside running full nodes takes them away, and the sequencer never notices', () =>
  withLab(
    3,
    async (lab) => {
      const before = await invocation(lab)
      await heldWarm(lab)
      const gone = await lab.evha('abort', '--json', ...confirm(lab))
      expect(gone.code, gone.stderr).toBe(5)
      const { leftBehind } = JSON.parse(gone.stdout) as Report
      for (const name of peersOf(lab))
        expect(leftBehind.join('\n')).toMatch(
          new RegExp(`^${name}: its execution client keeps the chain up to block \\d+; a later run`, 'm'),
        )
      await nothingIsLeft(lab)
      expect(await invocation(lab)).toBe(before)
      expect(lab.signedTwice()).toEqual([])
    },
    '--evm',
  ),
)

nightly(
  'reboots under a full node and after a way back start nothing; the second attempt migrates, and the rollback tells every client',
  () =>
    withLab(
      3,
      async (lab) => {
        await heldWarm(lab)
        await labControl(lab.stateDir, 'reboot', 'node-2')
        expect(await isUp(lab, 'node-2')).toBe(false)
        await returns(lab)
        await labControl(lab.stateDir, 'reboot', 'node-3')
        await nothingRuns(lab)
        const migrated = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit'))
        expect(migrated.code, migrated.stderr).toBe(4)
        expect(JSON.parse(migrated.stdout)).toMatchObject({
          outcome: 'migrated',
          attempt: 2,
          nodesVoting: 3,
          forks: [],
        })
        await rollsBack(lab)
      },
      '--evm',
    ),
)

/** In the window, once the full nodes are ended: the run goes back by itself. */
async function returns(lab: Lab): Promise<void> {
  const fails = () => Promise.reject(stuck('the test ends this window'))
  const end = await resumeWith(lab, { warmPeers: { apply: fails } }, ['cutover', 'commit'])
  expect(end.failure?.message).toBe('the test ends this window')
  expect([end.outcome, end.exitCode]).toEqual(['returned', 5])
  await nothingRuns(lab)
  expect(await isUp(lab, 'node-1', 'ev-node.service')).toBe(true)
}

async function rollsBack(lab: Lab): Promise<void> {
  const gone = await lab.evha('rollback', '--json', ...confirm(lab, 'rollback'))
  expect(gone.code, gone.stderr).toBe(5)
  const { clients = [], outcome } = JSON.parse(gone.stdout) as Report
  expect(outcome).toBe('rolledBack')
  expect(clients.map(({ node, why }) => [node, why])).toEqual(lab.hosts.map(({ name }) => [name, null]))
  await nothingIsLeft(lab)
  expect(lab.signedTwice()).toEqual([])
}

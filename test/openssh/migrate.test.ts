import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { labControl } from '../../src/lab/control.ts'
import type { Report } from '../../src/run/api.ts'
import { built } from '../cli/built.ts'
import { confirm, evha, type Lab, withLab } from '../embedded/lab.ts'
import type { Ended } from '../output-of.ts'
import { type LabServers, startLabServers } from './lab-servers.ts'
import { noSshd } from './openssh.ts'

/** The same evha, the same command and the same chain as on the lab's own servers; only the servers are OpenSSH's. */
describe.skipIf(noSshd !== undefined)(
  `evha migrate over real sshds${noSshd === undefined ? '' : ` (${noSshd})`}`,
  () => {
    beforeAll(built)

    test('a live chain goes from one sequencer to five nodes', () =>
      withLab(5, (lab) =>
        withServers(lab, async (servers) => {
          for (const { name } of lab.hosts) await labControl(lab.stateDir, 'refuse-links', name)
          const { code, stdout, stderr } = await migrate(lab, servers.runbook)
          expect(code, stderr).toBe(0)
          const report = JSON.parse(stdout) as Report
          expect(report).toMatchObject({
            outcome: 'migrated',
            chain: lab.chain,
            nodesVoting: 5,
            nodesTotal: 5,
            hashContinuity: true,
            forks: [],
          })
          expect(report.lastOldHeight).toBeGreaterThan(0)
          expect(report.firstClusterHeight).toBe((report.lastOldHeight ?? 0) + 1)
          expect(lab.signedTwice()).toEqual([])
          for (const { name } of lab.hosts) expect(servers.said(name)).toContain('Accepted publickey for')
        }),
      ))

    test('with the lab refusing links, its own runbook reaches nobody', () =>
      withLab(3, async (lab) => {
        for (const { name } of lab.hosts) await labControl(lab.stateDir, 'refuse-links', name)
        const { code, stdout } = await migrate(lab, lab.runbook)
        expect(code).toBe(3)
        const report = JSON.parse(stdout) as Report
        expect(report).toMatchObject({ outcome: 'failed', failure: { kind: 'unreachable' } })
      }))
  },
)

function migrate(lab: Lab, runbook: string): Promise<Ended> {
  const args = ['migrate', runbook, '--state-dir', lab.stateDir, '--json']
  return evha([...args, ...confirm(lab, 'cutover', 'commit', 'finish')])
}

/** Servers for the lab's hosts; stopped and removed again whatever happens. */
async function withServers(lab: Lab, work: (servers: LabServers) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-sshds-'))
  try {
    const servers = await startLabServers(lab, dir)
    await work(servers).finally(() => servers.stop())
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RehearsalRecord } from '../../src/run/rehearsal-record.ts'
import { evha, type Lab, withLab, worldOf } from './lab.ts'

/** node-2 plays all three staging hosts, told apart by address, home and unit; node-1 is production. */
function runbooks(lab: Lab): { production: string; staging: string } {
  const production = join(lab.stateDir, 'production.yaml')
  writeFileSync(production, readFileSync(lab.runbook, 'utf8').replace('staging: true', 'staging: false'))
  const host = lab.hosts[1]
  if (host === undefined) throw new Error('the lab has a second host')
  const { dir, ssh, rpc, raftPort, p2pPort } = host
  const node = (k: number) => `  - name: stage-${k}
    ssh: ${JSON.stringify(ssh)}
    address: 127.0.0.${40 + k}
    home: ${dir}/stage/${k}/home
    unit: stage-${k}.service
    passphraseFile: ${dir}/stage/${k}/passphrase
    rpc: 127.0.0.${40 + k}:${rpc.split(':')[1]}
    paths: { evha: ${dir}/stage/${k}/evha, run: ${dir}/run/evha-${k} }
`
  const staging = join(lab.stateDir, 'staging.yaml')
  writeFileSync(
    staging,
    `version: 1
chain: rehearsal-chain
node:
  binary: ${dir}/bin/testapp
  db: testapp
  paths: { units: ${dir}/etc/systemd/system }
nodes:
${[1, 2, 3].map(node).join('')}source: stage-1
raft: { port: ${raftPort} }
p2p: { port: ${p2pPort} }
window: { budgetSeconds: 15, soakSeconds: 2 }
staging: true
`,
  )
  return { production, staging }
}

test("what is production's is refused, and nothing is laid", () =>
  withLab(3, async (lab) => {
    const { production, staging } = runbooks(lab)
    const before = worldOf(lab)
    const refused = async (says: RegExp, edit: (text: string) => string) => {
      const path = join(lab.stateDir, 'edited.yaml')
      writeFileSync(path, edit(readFileSync(staging, 'utf8')))
      const ended = await lab.evha('rehearse', path, '--production', production, '--json')
      expect(ended.code, ended.stderr).toBe(1)
      expect((JSON.parse(ended.stdout) as RehearsalRecord).failure).toMatch(says)
      expect(worldOf(lab)).toEqual(before)
    }
    await refused(/its chain id is the production one/, (text) => text.replace('rehearsal-chain', lab.chain))
    await refused(
      /its DA namespace is the production namespace/,
      (text) => `${text}da: { namespace: ${lab.da.namespace} }\n`,
    )
    const home = join(lab.root, 'node-1/var/lib/ev-node')
    await refused(/is there already; a rehearsal takes nothing over/, (text) =>
      text.replace(/home: \S+\/stage\/1\/home/, `home: ${home}`),
    )
    const clean = await lab.evha('rehearse', staging, '--clean')
    expect(clean.code).toBe(3)
    expect(clean.stderr).toMatch(/was not laid by a rehearsal/)
    expect(worldOf(lab)).toEqual(before)
  }))

test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')(
  'on the lab nothing is needed: overrun, return, migration, failover and rollback pass, and no lab is left',
  async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'evha-rehearse-'))
    try {
      const ended = await evha(['rehearse', '--on', 'lab', '--state-dir', stateDir, '--json'])
      expect(ended.code, ended.stderr).toBe(0)
      const record = JSON.parse(ended.stdout) as RehearsalRecord
      expect(record).toMatchObject({ ok: true, on: 'lab', standIn: true, signedTwice: [], failure: null })
      for (const part of [record.gap, record.overrun, record.failover, record.allVoting, record.rollback])
        expect(part?.p50Ms).toBeGreaterThan(0)
      expect(existsSync(join(stateDir, 'rehearsal', 'lab'))).toBe(false)
    } finally {
      rmSync(stateDir, { recursive: true, force: true })
    }
  },
)

// A whole rehearsal on staging hosts, beside a production chain that must not notice it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RehearsalRecord } from '../../src/run/rehearsal-record.ts'
import { heightOf } from './blocks.ts'
import { contentsOf } from './files.ts'
import { operator } from './found-chain.ts'
import { addressOf, type Hosts, hostsDir, withHosts } from './hosts.ts'
import { nightlyHostsTest } from './hosts-test.ts'

const rehearsalMs = 900_000
const patience = { evhaMs: 850_000 }

/** A staging node: the host it is on, and what it has of its own there. */
interface Staged {
  readonly host: string
  readonly address: string
  readonly own: string
}

function runbooks(hosts: Hosts, nodes: readonly Staged[]): { production: string; staging: string } {
  const production = join(hosts.stateDir, 'production.yaml')
  writeFileSync(production, readFileSync(hosts.runbook, 'utf8').replace('staging: true', 'staging: false'))
  const node = ({ host, address, own }: Staged, k: number) => `  - name: stage-${k + 1}
    ssh:
      host: ${addressOf(host)}
      user: ${host === 'node-2' ? operator.name : 'root'}
      identityFile: ${hostsDir}/operator_key
      knownHostsFile: ${hostsDir}/known_hosts
    address: ${address}
    home: /srv/rehearsal${own}/home
    unit: stage${own.replace('/', '-')}.service
    passphraseFile: /srv/rehearsal${own}/passphrase
    rpc: 127.0.0.1:${8331 + k}
    paths: { evha: /srv/rehearsal${own}/evha, run: /run/evha-stage${own.replace('/', '-')} }
`
  const staging = join(hosts.stateDir, 'staging.yaml')
  writeFileSync(
    staging,
    `version: 1
chain: rehearsal-chain
node:
  binary: /usr/local/bin/testapp
  db: testapp
  user: ev-node
nodes:
${nodes.map(node).join('')}source: stage-1
raft: { port: 6001 }
p2p: { port: 8676 }
window: { budgetSeconds: 20, soakSeconds: 3 }
staging: true
`,
  )
  return { production, staging }
}

/** Rehearses, and holds hosts and record to what docs/rehearse.md says. */
async function rehearsedOn(
  hosts: Hosts,
  nodes: readonly Staged[],
): Promise<{ readonly production: string; readonly digest: string }> {
  const { production, staging } = runbooks(hosts, nodes)
  const before = contentsOf(hosts)
  const startedAt = await hosts.on('node-1', 'systemctl show ev-node.service --property=InvocationID')
  const ended = await hosts.evha('rehearse', staging, '--production', production, '--data', '20MiB', '--json')
  const record = JSON.parse(ended.stdout) as RehearsalRecord
  expect(record.failure, ended.stderr).toBeNull()
  expect(ended.code).toBe(0)
  expect(record).toMatchObject({ ok: true, on: 'staging', chain: 'rehearsal-chain', signedTwice: [] })
  expect(record.seededBytes).toBeGreaterThan(20 * 1024 * 1024)
  for (const measured of [record.gap, record.overrun, record.failover, record.allVoting, record.rollback])
    expect(measured?.p50Ms).toBeGreaterThan(0)
  expect(contentsOf(hosts)).toEqual(before)
  const runs = await Promise.all(
    nodes.map(({ host, own }) => hosts.on(host, `systemctl is-active stage${own.replace('/', '-')}.service`)),
  )
  expect(runs.map(({ stdout }) => stdout.trim())).toEqual(nodes.map(() => 'inactive'))
  // Production went on as if nothing were.
  expect((await hosts.on('node-1', 'systemctl show ev-node.service --property=InvocationID')).stdout).toBe(
    startedAt.stdout,
  )
  const height = (await heightOf(hosts, 'node-1')) ?? 0
  expect(height).toBeGreaterThan(10)
  return { production, digest: record.digest }
}

nightlyHostsTest(
  'three staging hosts: the overrun comes back, the migration, the failover and the rollback pass, and nothing is left',
  () =>
    withHosts(
      5,
      async (hosts) => {
        const { production, digest } = await rehearsedOn(
          hosts,
          ['node-2', 'node-3', 'node-5'].map((host) => ({ host, address: addressOf(host), own: '' })),
        )
        // Three nodes were rehearsed, and five are another migration.
        const refused = await hosts.evha('migrate', production, '--rehearsal', digest, '--json')
        expect(refused.code, refused.stderr).toBe(3)
        expect(refused.stderr).toContain('the number of nodes')
      },
      patience,
    ),
  rehearsalMs,
)

nightlyHostsTest(
  'one staging host plays all five nodes, and production takes that rehearsal for its own',
  () =>
    withHosts(
      5,
      async (hosts) => {
        const { production, digest } = await rehearsedOn(
          hosts,
          [1, 2, 3, 4, 5].map((k) => ({ host: 'node-3', address: `127.0.0.${40 + k}`, own: `/${k}` })),
        )
        const waiting = await hosts.evha('migrate', production, '--rehearsal', digest, '--json')
        expect(waiting.code, waiting.stderr).toBe(4)
        const aborted = await hosts.evha('abort', '--json')
        expect(aborted.code, aborted.stderr).toBe(5)
      },
      patience,
    ),
  rehearsalMs,
)

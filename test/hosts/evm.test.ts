import { expect } from 'vitest'
import { labGenesis } from '../../src/lab/genesis.ts'
import type { TrafficEnd } from '../go-ethereum/traffic.ts'
import { oneChain } from './blocks.ts'
import { ethUrlOf, type Hosts, migrate, run, type Started, script, signedTwice, withHosts } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'

hostsTest(
  'a chain whose nodes drive execution clients goes to five machines, transfers flowing all the while',
  () =>
    withHosts(
      5,
      async (hosts) => {
        const traffic = transfersOn(hosts)
        const { code, report, stderr } = await migrate(hosts, 'cutover', 'commit', 'finish')
        expect(code, stderr).toBe(0)
        expect(report).toMatchObject({ outcome: 'migrated', nodesVoting: 5, hashContinuity: true, forks: [] })
        expect(report.firstClusterHeight).toBe((report.lastOldHeight ?? 0) + 1)
        const { clients = [], firstClusterHeight: first } = report
        expect(clients.map(({ node, why }) => [node, why]).sort()).toEqual(
          hosts.names.map((name) => [name, null]),
        )
        expect(new Set(clients.map(({ hash }) => hash)).size).toBe(1)
        for (const { height } of clients) expect(height).toBeGreaterThan(first ?? Number.NaN)
        traffic.kill('SIGTERM')
        const { stdout } = await traffic.ended
        expect(JSON.parse(stdout) as TrafficEnd).toMatchObject({ missing: [], twice: [] })
        await oneChain(hosts, hosts.names)
        expect(signedTwice(hosts)).toEqual([])
      },
      { evm: true, evhaMs: 270_000 },
    ),
)

/** From a machine beside the hosts, to all of their clients. */
function transfersOn({ names }: Hosts): Started {
  const program = ['--import', 'tsx', 'test/go-ethereum/traffic-main.ts']
  const args = ['1000', String(labGenesis.config.chainId), ...names.map(ethUrlOf)]
  return run(script, ['within', process.execPath, ...program, ...args])
}

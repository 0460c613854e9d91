import { expect } from 'vitest'
import { chainOf, heightOf } from './blocks.ts'
import { type Hosts, migrate, signedTwice, until, withHosts } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'

hostsTest(
  'a live chain goes from one sequencer to five machines, and outlives a power cut and a reboot',
  () =>
    withHosts(5, async (hosts) => {
      const { code, report, stderr } = await migrate(hosts, 'cutover', 'commit', 'finish')
      expect(code, stderr).toBe(0)
      expect(report).toMatchObject({
        outcome: 'migrated',
        nodesVoting: 5,
        nodesTotal: 5,
        hashContinuity: true,
        forks: [],
      })
      expect(report.firstClusterHeight).toBe((report.lastOldHeight ?? 0) + 1)
      await oneChain(hosts, hosts.names)

      const head = (await heightOf(hosts, 'node-2')) ?? 0
      await hosts.fault('kill', 'node-1')
      await hosts.on('node-4', 'systemctl reboot')
      await hosts.fault('boot', 'node-1')
      await until('all five again', async () => {
        const heads = await Promise.all(hosts.names.map((host) => heightOf(hosts, host)))
        return heads.every((at) => at !== undefined && at > head + 3) ? true : undefined
      })
      await oneChain(hosts, hosts.names)
      expect(signedTwice(hosts)).toEqual([])
    }),
)

/** Every host serves the same blocks from the first on. */
async function oneChain(hosts: Hosts, names: readonly string[]): Promise<void> {
  const chains = await Promise.all(names.map((host) => chainOf(hosts, host, 1)))
  const shortest = Math.min(...chains.map((chain) => chain?.links.length ?? 0))
  expect(shortest).toBeGreaterThan(3)
  const told = chains.map((chain) => chain?.links.slice(0, shortest).join('\n'))
  expect(new Set(told).size).toBe(1)
}

// Worlds that break after check, while a gate waits: the way back, one sentence, and the next attempt once it is mended.
import { expect } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { heightOf } from './blocks.ts'
import { confirm, type Hosts, migrate, signedTwice, until, withHosts } from './hosts.ts'
import { nightlyHostsTest } from './hosts-test.ts'
import { home, listener } from './worlds.ts'

nightlyHostsTest(
  'a disk that fills up and a port that is taken while the gate waits: back, each time said; mended, it migrates',
  () =>
    withHosts(3, async (hosts) => {
      await typed(hosts, 'node-3', `mkdir ${home} && mount -t tmpfs -o size=200m small ${home}`)
      const waiting = await migrate(hosts)
      expect(waiting.code, waiting.stderr).toBe(4)

      await typed(hosts, 'node-3', `dd if=/dev/zero of=${home}/fill bs=1M 2>/dev/null || true`)
      expect(await goneBack(hosts)).toMatch(/node-3: .*No space left on device.*make room on node-3: df -h/s)
      await typed(hosts, 'node-3', `rm ${home}/fill`)

      await typed(hosts, 'node-2', `systemd-run --quiet --unit=listener ${listener} && sleep 1`)
      expect(await goneBack(hosts)).toMatch(/node-2: the node exited: .*address already in use/)
      await typed(hosts, 'node-2', 'systemctl stop listener')

      const again = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
      expect(JSON.parse(again.stdout), again.stderr).toMatchObject({
        outcome: 'migrated',
        nodesVoting: 3,
        hashContinuity: true,
      })
      expect(signedTwice(hosts)).toEqual([])
    }),
)

/** The run goes on and fails before the commit; the chain produces on node-1. Returns what was told. */
async function goneBack(hosts: Hosts): Promise<string> {
  const ended = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
  expect([1, 5], ended.stderr).toContain(ended.code)
  const { failure } = JSON.parse(ended.stdout) as Report
  const from = await until('node-1 to serve', () => heightOf(hosts, 'node-1'))
  await until('new blocks', async () => ((await heightOf(hosts, 'node-1')) ?? 0) > from + 1 || undefined)
  return `${failure?.message}\n${failure?.hint}`
}

async function typed(hosts: Hosts, host: string, command: string): Promise<void> {
  const ended = await hosts.on(host, command)
  if (ended.code !== 0) throw new Error(`${host}: ${command}: exit ${ended.code}: ${ended.stderr}`)
}

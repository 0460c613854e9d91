// What takes longer than the tier may: worlds that break after check, while a gate waits, and a sequencer that had no unit.
import { expect } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { heightOf } from './blocks.ts'
import { changesOf, filesOf } from './files.ts'
import { confirm, did, type Hosts, homeOf, migrate, signedTwice, until, withHosts } from './hosts.ts'
import { nightlyHostsTest } from './hosts-test.ts'
import { adoptByUnit } from './without-unit.ts'
import { home, listener } from './worlds.ts'

nightlyHostsTest(
  'a disk that fills up while the gate waits: said, with its cure; aborted then, all hosts are as they were',
  () =>
    withHosts(3, async (hosts) => {
      await did(hosts, 'node-3', `mkdir ${home} && mount -t tmpfs -o size=200m small ${home}`)
      const files = filesOf(hosts)
      const waiting = await migrate(hosts)
      expect(waiting.code, waiting.stderr).toBe(4)
      await did(hosts, 'node-3', `dd if=/dev/zero of=${home}/fill bs=1M 2>/dev/null || true`)
      expect(await stoppedAtTheGate(hosts)).toMatch(
        /node-3: only \d+ bytes are free at \S+\nmake room: .*df -h/,
      )
      await did(hosts, 'node-3', `rm ${home}/fill`)
      const aborted = await hosts.evha('abort', '--json')
      expect(aborted.code, aborted.stderr).toBe(5)
      // Promised in docs/what-evha-does-on-your-hosts.md; the home of node-3 is no file of its disk here.
      const stays = ['', '/config', '/config/genesis.json', '/config/node_key.json']
      expect(changesOf(files, filesOf(hosts))).toEqual(
        Object.fromEntries(stays.map((path) => [`node-2 ${homeOf('node-2')}${path}`, 'new'])),
      )
      expect((await hosts.on('node-3', `ls ${home}`)).stdout).toBe('config\n')
      expect(signedTwice(hosts)).toEqual([])
    }),
)

nightlyHostsTest(
  'a port that is taken while the gate waits: said before the chain stops; freed, it migrates',
  () =>
    withHosts(3, async (hosts) => {
      const waiting = await migrate(hosts)
      expect(waiting.code, waiting.stderr).toBe(4)
      await did(hosts, 'node-2', `systemd-run --quiet --unit=listener ${listener} && sleep 1`)
      expect(await stoppedAtTheGate(hosts)).toMatch(/node-2: something listens on \S+:5001 already\nss -ltnp/)
      await did(hosts, 'node-2', 'systemctl stop listener')
      await migrates(hosts)
    }),
)

nightlyHostsTest('a sequencer that had no unit migrates under the one that evha wrote', () =>
  withHosts(3, async (hosts) => {
    await adoptByUnit(hosts)
    const gone = await migrate(hosts, 'cutover', 'commit', 'finish')
    expect(gone.report, gone.stderr).toMatchObject({
      outcome: 'migrated',
      nodesVoting: 3,
      hashContinuity: true,
    })
    expect(signedTwice(hosts)).toEqual([])
  }),
)

async function migrates(hosts: Hosts): Promise<void> {
  const again = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
  expect(JSON.parse(again.stdout), again.stderr).toMatchObject({
    outcome: 'migrated',
    nodesVoting: 3,
    hashContinuity: true,
  })
  expect(signedTwice(hosts)).toEqual([])
}

/** The run goes on and fails before the chain stops, which produces on node-1. Returns what was told. */
async function stoppedAtTheGate(hosts: Hosts): Promise<string> {
  const ended = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
  expect(ended.code, ended.stderr).toBe(1)
  const { failure } = JSON.parse(ended.stdout) as Report
  const from = await until('node-1 to serve', () => heightOf(hosts, 'node-1'))
  await until('new blocks', async () => ((await heightOf(hosts, 'node-1')) ?? 0) > from + 1 || undefined)
  return `${failure?.message}\n${failure?.hint}`
}

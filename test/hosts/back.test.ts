import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { StepName } from '../../src/base/names.ts'
import type { Report } from '../../src/run/api.ts'
import { chainOf, heightOf } from './blocks.ts'
import { filesOf } from './files.ts'
import { dropIn } from './found-chain.ts'
import { confirm, type Hosts, migrate, type Started, signedTwice, until, withHosts } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'

hostsTest(
  'an abort at the gate leaves files, modes, owners and units as they were; the chain never stopped',
  () =>
    withHosts(5, async (hosts) => {
      const invocation = () => shown(hosts, 'node-1', 'InvocationID')
      await hosts.on('node-1', 'systemctl disable ev-node.service')
      const [files, started] = [filesOf(hosts), await invocation()]
      const waiting = await migrate(hosts)
      expect(waiting.code, waiting.stderr).toBe(4)
      const aborted = await hosts.evha('abort', '--json')
      expect(aborted.code, aborted.stderr).toBe(5)
      // Promised in docs/what-evha-does-on-your-hosts.md.
      const stays = ['', '/config', '/config/genesis.json', '/config/node_key.json']
      const promised = hosts.names
        .slice(1)
        .flatMap((host) => stays.map((path) => [`${host} /var/lib/ev-node${path}`, 'new']))
      expect(changesOf(files, filesOf(hosts))).toEqual(Object.fromEntries(promised))
      expect(await invocation()).toBe(started)
      expect(await shown(hosts, 'node-1', 'NRestarts,DropInPaths,NeedDaemonReload,UnitFileState')).toBe(
        `NRestarts=0\nDropInPaths=${dropIn}\nUnitFileState=disabled\nNeedDaemonReload=no\n`,
      )
      await makesBlocks(hosts, 'node-1')
      expect(signedTwice(hosts)).toEqual([])
    }),
)

hostsTest(
  'a peer that loses its link in the window sends everything back; plugged in again, the next attempt migrates',
  () =>
    withHosts(3, async (hosts) => {
      const going = hosts.start('migrate', hosts.runbook, '--json', ...confirm(hosts, 'cutover', 'commit'))
      await begun(hosts, 'fence', going)
      await hosts.fault('cut', 'node-3')
      const ended = await going.ended
      expect(ended.code, ended.stderr).toBe(5)
      expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'returned' })
      await makesBlocks(hosts, 'node-1')

      await hosts.fault('join', 'node-3')
      const again = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
      expect(JSON.parse(again.stdout), again.stderr).toMatchObject({
        outcome: 'migrated',
        attempt: 2,
        nodesVoting: 3,
        hashContinuity: true,
      })
      expect(signedTwice(hosts)).toEqual([])
    }),
)

hostsTest(
  'a rollback after the commit: one sequencer again, and no reboot brings a member of the cluster back',
  () =>
    withHosts(5, async (hosts) => {
      const unit = hosts.file('node-1', '/etc/systemd/system/ev-node.service')
      const limits = hosts.file('node-1', dropIn)
      const gone = await migrate(hosts, 'cutover', 'commit')
      expect(gone.report, gone.stderr).toMatchObject({ outcome: 'migrated', nodesVoting: 5 })
      const before = await chainOf(hosts, 'node-2', 1)
      const back = await hosts.evha('rollback', '--json', ...confirm(hosts, 'rollback'))
      expect(back.code, back.stderr).toBe(5)
      expect((JSON.parse(back.stdout) as Report).outcome).toBe('rolledBack')
      await makesBlocks(hosts, 'node-1')

      await hosts.fault('kill', 'node-2')
      await hosts.fault('boot', 'node-2')
      expect(await shown(hosts, 'node-2', 'ActiveState,UnitFileState')).toBe(
        'ActiveState=inactive\nUnitFileState=disabled\n',
      )
      const refused = await hosts.on('node-2', 'systemctl start ev-node.service')
      expect(refused.code).not.toBe(0)
      expect(hosts.file('node-1', '/etc/systemd/system/ev-node.service')).toBe(unit)
      expect(hosts.file('node-1', dropIn)).toBe(limits)
      const after = await chainOf(hosts, 'node-1', 1)
      expect(after?.links.slice(0, before?.links.length)).toEqual(before?.links)
      expect(signedTwice(hosts)).toEqual([])
    }),
)

hostsTest(
  'evha is killed in the window, the sequencer reboots: nobody signs, and resume goes back or on',
  () =>
    withHosts(3, async (hosts) => {
      const going = hosts.start('migrate', hosts.runbook, '--json', ...confirm(hosts, 'cutover', 'commit'))
      await begun(hosts, 'finalSync', going)
      going.kill('SIGKILL')
      await going.ended
      await hosts.fault('kill', 'node-1')
      await hosts.fault('boot', 'node-1')
      // The unit is enabled and the fence is durable: systemd tried, and was refused.
      expect(await shown(hosts, 'node-1', 'ActiveState,AssertResult')).toBe(
        'ActiveState=inactive\nAssertResult=no\n',
      )
      const resumed = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
      expect([0, 4, 5], resumed.stderr).toContain(resumed.code)
      const { outcome } = JSON.parse(resumed.stdout) as Report
      await makesBlocks(hosts, outcome === 'migrated' ? 'node-2' : 'node-1')
      expect(signedTwice(hosts)).toEqual([])
    }),
)

/** Until the run's journal says that a step's effect is about to happen; a run that ends before it says why. */
async function begun(hosts: Hosts, step: StepName, going: Started): Promise<void> {
  const runs = join(hosts.stateDir, 'runs')
  const early = going.ended.then(({ code, stderr }) => {
    throw new Error(`evha ended with ${code} before ${step}: ${stderr}`)
  })
  early.catch(() => undefined)
  const seen = until(step, async () => {
    const [run] = existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : []
    const journal = run === undefined ? '' : readFileSync(join(runs, run, 'journal.jsonl'), 'utf8')
    return journal.includes(`"type":"intent","step":"${step}"`) || undefined
  })
  await Promise.race([seen, early])
}

async function shown(hosts: Hosts, host: string, properties: string): Promise<string> {
  return (await hosts.on(host, `systemctl show ev-node.service --property=${properties}`)).stdout
}

async function makesBlocks(hosts: Hosts, host: string): Promise<void> {
  const from = await until(`${host} to serve`, () => heightOf(hosts, host))
  await until(
    `new blocks of ${host}`,
    async () => ((await heightOf(hosts, host)) ?? 0) > from + 1 || undefined,
  )
}

function changesOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return Object.fromEntries(
    paths
      .filter((path) => before.get(path) !== after.get(path))
      .map((path) => [path, before.has(path) ? (after.has(path) ? 'changed' : 'gone') : 'new']),
  )
}

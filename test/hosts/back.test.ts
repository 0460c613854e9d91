import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { StepName } from '../../src/base/names.ts'
import type { Report } from '../../src/run/api.ts'
import { chainOf, heightOf } from './blocks.ts'
import { changesOf, filesOf } from './files.ts'
import { deadMan, dropIn, permitDropIn, unit, wants } from './found-chain.ts'
import { confirm, type Hosts, homeOf, migrate, type Started, signedTwice, until, withHosts } from './hosts.ts'
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
        .flatMap((host) => stays.map((path) => [`${host} ${homeOf(host)}${path}`, 'new']))
      expect(changesOf(files, filesOf(hosts))).toEqual(Object.fromEntries(promised))
      for (const host of hosts.names.slice(1))
        expect((await hosts.on(host, `ls ${homeOf(host)}`)).stdout).toBe('config\n')
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
      const files = filesOf(hosts)
      const going = hosts.start('migrate', hosts.runbook, '--json', ...confirm(hosts, 'cutover', 'commit'))
      await begun(hosts, 'fence', going)
      await hosts.fault('cut', 'node-3')
      const ended = await going.ended
      expect(ended.code, ended.stderr).toBe(5)
      expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'returned' })
      // Promised in docs/what-evha-does-on-your-hosts.md: of the sequencer's own files none changed.
      expect(changesOf(files, filesOf(hosts))).toEqual(preparedOn(hosts))
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
      await hosts.on('node-1', 'systemctl disable ev-node.service')
      const files = filesOf(hosts)
      const gone = await migrate(hosts, 'cutover', 'commit')
      expect(gone.report, gone.stderr).toMatchObject({ outcome: 'migrated', nodesVoting: 5 })
      const before = await chainOf(hosts, 'node-2', 1)
      // Killed in the middle, it is gone on with.
      const going = hosts.start('rollback', '--json', ...confirm(hosts, 'rollback'))
      await begun(hosts, 'forbidRaft', going)
      going.kill('SIGKILL')
      await going.ended
      const back = await hosts.evha('resume', '--json', ...confirm(hosts, 'rollback'))
      expect(back.code, back.stderr).toBe(5)
      expect((JSON.parse(back.stdout) as Report).outcome).toBe('rolledBack')
      await makesBlocks(hosts, 'node-1')
      // Promised in docs/what-evha-does-on-your-hosts.md.
      const promised = [
        `node-1 ${permitDropIn}`,
        'node-1 /var/lib/evha',
        // Enabled, whatever it was.
        `node-1 ${wants}`,
        ...hosts.names.slice(1).flatMap((host) => laidOn(host)),
      ]
      expect(changesOf(files, filesOf(hosts))).toEqual(
        Object.fromEntries(promised.map((one) => [one, 'new'])),
      )
      for (const host of hosts.names) {
        expect((await hosts.on(host, `ls ${homeOf(host)}`)).stdout).toBe('config\ndata\n')
        expect((await hosts.on(host, 'ls /var/lib/evha/old')).stdout).toContain('raft')
      }
      const again = await hosts.evha('check', hosts.runbook)
      expect(again.code, again.stderr).toBe(3)
      expect(again.stdout).toMatch(/there is data below \S+ already/)

      await hosts.fault('kill', 'node-2')
      await hosts.fault('boot', 'node-2')
      expect(await shown(hosts, 'node-2', 'ActiveState,UnitFileState')).toBe(
        'ActiveState=inactive\nUnitFileState=disabled\n',
      )
      const refused = await hosts.on('node-2', 'systemctl start ev-node.service')
      expect(refused.code).not.toBe(0)
      const after = await chainOf(hosts, 'node-1', 1)
      expect(after?.links.slice(0, before?.links.length)).toEqual(before?.links)
      expect(signedTwice(hosts)).toEqual([])
    }),
)

hostsTest(
  'evha is killed in the window, then once more and the sequencer loses its power: it goes back by itself each time',
  () =>
    withHosts(3, async (hosts) => {
      const files = filesOf(hosts)
      // The warm peer has just been started, and no dead-man is disarmed yet.
      const gates = confirm(hosts, 'cutover', 'commit')
      const killed = await hosts.killedAt(
        'step.warmPeers.after',
        'migrate',
        hosts.runbook,
        '--json',
        ...gates,
      )
      expect(killed.code, killed.stderr).toBeNull()
      const killedMs = performance.now()
      await makesBlocks(hosts, 'node-1')
      const tookMs = Math.round(performance.now() - killedMs)
      process.stdout.write(`from SIGKILL to two new blocks: ${tookMs} ms\n`)
      // 10 s after the last heartbeat, some seconds for the node, and what a busy machine adds.
      expect(tookMs).toBeLessThan(80_000)
      // The peers hear nobody either: what waited is ended, and can not be started.
      await until('the warm peer to end', async () =>
        (await shown(hosts, 'node-2', 'ActiveState')) === 'ActiveState=active\n' ? undefined : true,
      )
      expect((await hosts.on('node-2', 'systemctl start ev-node.service')).code).not.toBe(0)
      // Promised in docs/what-evha-does-on-your-hosts.md: nothing of the source's own, and what was prepared stays.
      expect(changesOf(files, filesOf(hosts))).toEqual(preparedOn(hosts))

      const again = hosts.start('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
      await begun(hosts, 'finalSync', again, 2)
      again.kill('SIGKILL')
      await again.ended
      await hosts.fault('kill', 'node-1')
      await hosts.fault('boot', 'node-1')
      await makesBlocks(hosts, 'node-1')
      expect(hosts.file('node-1', '/var/lib/evha/decision')).toMatch(/^returned /)
      const resumed = await hosts.evha('resume', '--json', ...confirm(hosts, 'cutover', 'commit'))
      expect(JSON.parse(resumed.stdout), resumed.stderr).toMatchObject({
        outcome: 'migrated',
        attempt: 3,
        nodesVoting: 3,
      })
      expect(signedTwice(hosts)).toEqual([])
    }),
)

/** What evha lays on a peer before the window, but for its dead-man. */
function laidOn(host: string): string[] {
  const config = ['evnode.yaml', 'genesis.json', 'node_key.json', 'signer.json'].map(
    (one) => `/config/${one}`,
  )
  return [
    ...['', '/config', ...config].map((path) => `${host} ${homeOf(host)}${path}`),
    ...[unit, `${unit}.d`, permitDropIn, '/var/lib/evha'].map((path) => `${host} ${path}`),
  ]
}

/** What an automatic return leaves on all hosts. */
function preparedOn({ names }: Hosts): Record<string, 'new'> {
  const [source = '', ...peers] = names
  const paths = [
    ...names.flatMap((host) => deadMan.map((path) => `${host} ${path}`)),
    ...[permitDropIn, '/var/lib/evha'].map((path) => `${source} ${path}`),
    ...peers.flatMap((host) => laidOn(host)),
  ]
  return Object.fromEntries(paths.map((path) => [path, 'new']))
}

/** Until the run's journal says that a step's effect is about to happen; a run that ends before it says why. */
async function begun(hosts: Hosts, step: StepName, going: Started, attempt = 1): Promise<void> {
  const runs = join(hosts.stateDir, 'runs')
  const early = going.ended.then(({ code, stderr }) => {
    throw new Error(`evha ended with ${code} before ${step}: ${stderr}`)
  })
  early.catch(() => undefined)
  const seen = until(step, async () => {
    const [run] = existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : []
    const journal = run === undefined ? '' : readFileSync(join(runs, run, 'journal.jsonl'), 'utf8')
    return journal.includes(`"type":"intent","step":"${step}","attempt":${attempt}`) || undefined
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

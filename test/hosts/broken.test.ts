// Worlds that are broken on real hosts: each gives one sentence with its cure and the right exit code, and nothing is changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { CheckReport } from '../../src/run/api.ts'
import { contentsOf } from './files.ts'
import { addressOf, confirm, did, type Hosts, hostsDir, withHosts } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'
import { adoptByUnit, checked } from './without-unit.ts'
import { type Alone, alone, noSudo, rounds, type World } from './worlds.ts'

hostsTest('each broken world is told by check, with its cure; mended, nothing stands against it', () =>
  withHosts(3, async (hosts) => {
    const files = contentsOf(hosts)
    for (const [name, round] of Object.entries(rounds)) await toldTogether(hosts, name, round)
    for (const one of alone) await toldAlone(hosts, one)
    await twoNames(hosts)
    expect(contentsOf(hosts)).toEqual(files)
    await adoptByUnit(hosts)
    await wrongPassphrase(hosts)
    expect((await checked(hosts)).text).toContain('nothing stands against migrating')
    await closedDoors(hosts)
  }),
)

async function toldTogether(hosts: Hosts, name: string, round: readonly World[]): Promise<void> {
  await typedEverywhere(
    hosts,
    round.map(({ host, breaks }) => [host, breaks]),
  )
  const told = await hosts.evha('check', hosts.runbook, '--json')
  await typedEverywhere(
    hosts,
    [...round].reverse().map(({ host, mends }) => [host, mends]),
  )
  expect(told.code, `${name}: ${told.stdout}${told.stderr}`).toBe(
    round.some(({ level }) => level === 'blocks') ? 3 : 0,
  )
  const { findings } = JSON.parse(told.stdout) as CheckReport
  for (const { world, host, level, says, cure } of round) {
    const found = findings.filter((one) => one.host === host && one.level === level && says.test(one.what))
    expect(found.length, `${world}: ${JSON.stringify(findings, null, 1)}`).toBeGreaterThan(0)
    for (const one of found) expect(one.cure, world).toMatch(cure)
  }
}

/** On all hosts at once, on each in the order given. */
async function typedEverywhere(
  hosts: Hosts,
  commands: readonly (readonly [host: string, command: string])[],
): Promise<void> {
  const of = (name: string) => commands.filter(([host]) => host === name)
  await Promise.all(
    hosts.names
      .filter((name) => of(name).length > 0)
      .map((name) =>
        did(
          hosts,
          name,
          of(name)
            .map(([, command]) => `{ ${command}\n} || exit 1`)
            .join('\n'),
        ),
      ),
  )
}

async function toldAlone(
  hosts: Hosts,
  { world, host, breaks, mends, code, says, cure }: Alone,
): Promise<void> {
  await did(hosts, host, breaks)
  const told = await checked(hosts)
  await did(hosts, host, mends)
  expect(told.code, `${world}: ${told.text}`).toBe(code)
  expect(told.text, world).toMatch(says)
  expect(told.text, world).toMatch(cure)
  expect(told.text, world).not.toMatch(/ at .*\.js:\d+|MaxListeners/)
}

/** One host that is two names in the runbook: the second login is another address of node-2. */
async function twoNames(hosts: Hosts): Promise<void> {
  const alias = '10.78.0.99'
  await did(hosts, 'node-2', `ip addr add ${alias}/24 dev host0`)
  const knownHosts = join(hosts.stateDir, 'known_hosts')
  const known = readFileSync(`${hostsDir}/known_hosts`, 'utf8')
  writeFileSync(
    knownHosts,
    `${known}${known
      .split('\n')
      .find((line) => line.startsWith(addressOf('node-2')))
      ?.replace(/^\S+/, alias)}\n`,
  )
  const text = readFileSync(hosts.runbook, 'utf8').replaceAll(`${hostsDir}/known_hosts`, knownHosts)
  const twice = text.replace(`host: "${addressOf('node-3')}"`, `host: "${alias}"`)
  expect(twice).not.toBe(text)
  const other = join(hosts.stateDir, 'two.yaml')
  writeFileSync(other, twice)
  const told = await hosts.evha('check', other)
  await did(hosts, 'node-2', `ip addr del ${alias}/24 dev host0`)
  expect(told.code, told.stderr).toBe(3)
  expect(told.stdout).toMatch(/it is the same host as node-2, with the same home/)
}

/** It is found by the trial start, while the chain runs; mended, the run goes on to the gate, and can be aborted. */
async function wrongPassphrase(hosts: Hosts): Promise<void> {
  await did(
    hosts,
    'node-3',
    'cp -p /etc/ev-node/passphrase /root/pass && echo wrong > /etc/ev-node/passphrase',
  )
  const failed = await hosts.evha('migrate', hosts.runbook, ...confirm(hosts, 'cutover', 'commit'))
  expect(failed.code, failed.stderr).toBe(1)
  expect(failed.stderr).toMatch(/node-3: the node does not start: .*passphrase/)
  await did(hosts, 'node-3', 'cp -p /root/pass /etc/ev-node/passphrase')
  const going = await hosts.evha('resume')
  expect(going.code, going.stderr).toBe(4)
  expect((await hosts.evha('abort')).code).toBe(5)
}

/** A host without a cable, one whose login may do nothing, one that takes the connection and says nothing. */
async function closedDoors(hosts: Hosts): Promise<void> {
  await hosts.fault('cut', 'node-1')
  await did(hosts, 'node-2', noSudo.breaks)
  await did(hosts, 'node-3', 'systemctl kill --kill-whom=main --signal=STOP ssh')
  const told = await hosts.evha('check', hosts.runbook, '--json')
  expect(told.code, told.stderr).toBe(3)
  const unreached = (host: string) => ({
    host,
    level: 'blocks',
    what: expect.stringMatching(new RegExp(`^${host} .*cannot be reached`)),
    cure: expect.stringContaining('see whether the host is up and try: ssh'),
  })
  expect((JSON.parse(told.stdout) as CheckReport).findings).toMatchObject([
    unreached('node-1'),
    {
      host: 'node-2',
      level: 'blocks',
      what: expect.stringContaining('sudo does not run commands for ops without a password'),
      cure: expect.stringContaining(
        "echo 'ops ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/evha && chmod 440 /etc/sudoers.d/evha",
      ),
    },
    unreached('node-3'),
  ])
}

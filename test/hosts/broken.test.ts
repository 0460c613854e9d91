// Worlds that are broken on real hosts: each gives one sentence with its cure and the right exit code, and nothing is changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { operator } from './found-chain.ts'
import { addressOf, confirm, type Hosts, hostsDir, until, withHosts } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'

interface Broken {
  readonly world: string
  readonly host: string
  /** What a hand types there; afterwards it is as it was. */
  readonly breaks: string
  readonly mends: string
  readonly code: number
  readonly says: RegExp
  readonly cure: RegExp
}

const home = '/var/lib/ev-node'
const full = (dir: string) => `mkdir -p ${dir} && mount -t tmpfs -o size=1m full ${dir}`
const gone = (dir: string) => `umount ${dir} && rmdir ${dir}`
const listener = `/opt/evha/node -e 'require("net").createServer().listen(5001)'`

const worlds: readonly Broken[] = [
  {
    world: 'no room in the home',
    host: 'node-3',
    breaks: full(home),
    mends: gone(home),
    code: 3,
    says: /bytes are free/,
    cure: /make room/,
  },
  {
    world: 'no room for the Raft directory',
    host: 'node-3',
    breaks: full(`${home}/raft`),
    mends: `${gone(`${home}/raft`)} && rmdir ${home}`,
    code: 3,
    says: /only \d+ bytes are free at \/var\/lib\/ev-node\/raft/,
    cure: /df -h \/var\/lib\/ev-node\/raft/,
  },
  {
    world: 'no room for evha',
    host: 'node-1',
    breaks: full('/var/lib/evha'),
    mends: gone('/var/lib/evha'),
    code: 3,
    says: /only \d+ bytes are free at \/var\/lib\/evha/,
    cure: /make room/,
  },
  {
    world: 'a read-only file system',
    host: 'node-3',
    breaks: 'mkdir /var/lib/evha && mount -t tmpfs -o ro full /var/lib/evha',
    mends: gone('/var/lib/evha'),
    code: 3,
    says: /\/var\/lib\/evha can not be written/,
    cure: /mount -o remount,rw \/var\/lib\/evha/,
  },
  {
    world: 'a busy port',
    host: 'node-3',
    breaks: `systemd-run --quiet --unit=listener ${listener} && sleep 1`,
    mends: 'systemctl stop listener',
    code: 3,
    says: /something listens on .*:5001 already/,
    cure: /ss -ltnp 'sport = :5001'/,
  },
  {
    world: 'a passphrase of somebody else',
    host: 'node-3',
    breaks: 'chown root /etc/ev-node/passphrase',
    mends: 'chown ev-node /etc/ev-node/passphrase',
    code: 3,
    says: /ev-node can not read \/etc\/ev-node\/passphrase/,
    cure: /chown ev-node \/etc\/ev-node\/passphrase && chmod 600/,
  },
  {
    world: 'a passphrase that others can read',
    host: 'node-3',
    breaks: 'chmod 644 /etc/ev-node/passphrase',
    mends: 'chmod 600 /etc/ev-node/passphrase',
    code: 0,
    says: /\/etc\/ev-node\/passphrase has mode 644/,
    cure: /chmod 600 \/etc\/ev-node\/passphrase/,
  },
  {
    world: 'another binary',
    host: 'node-3',
    breaks: 'mount --bind /bin/true /usr/local/bin/testapp',
    mends: 'umount /usr/local/bin/testapp',
    code: 3,
    says: /testapp is another binary than on node-1/,
    cure: /copy the one of node-1 \(sha256/,
  },
  {
    world: 'a tar that knows no holes',
    host: 'node-3',
    breaks: 'printf "#!/bin/sh\\necho bsdtar 3.7\\n" > /usr/local/bin/tar && chmod 755 /usr/local/bin/tar',
    mends: 'rm /usr/local/bin/tar',
    code: 3,
    says: /tar is not GNU tar/,
    cure: /install GNU tar/,
  },
  {
    world: 'no rsync, which nothing needs',
    host: 'node-3',
    breaks: 'mount --bind /dev/null /usr/bin/rsync',
    mends: 'umount /usr/bin/rsync',
    code: 0,
    says: /nothing stands against migrating/,
    cure: /^/,
  },
  {
    world: 'a home that holds another chain',
    host: 'node-3',
    breaks: `mkdir -p ${home}/config ${home}/data/testapp && echo '{"chain_id":"other"}' > ${home}/config/genesis.json`,
    mends: `rm -r ${home}`,
    code: 3,
    says: /its genesis\.json is of another chain/,
    cure: /move \/var\/lib\/ev-node\/config away/,
  },
  {
    world: 'what an earlier run left',
    host: 'node-1',
    breaks:
      'mkdir /var/lib/evha && echo "hosts-chain-old root@desk 2026-01-01T00:00:00Z" > /var/lib/evha/claim',
    mends: 'rm -r /var/lib/evha',
    code: 7,
    says: /node-1 is claimed by the run hosts-chain-old of root@desk since 2026-01-01T00:00:00Z/,
    cure: /evha abort hosts-chain-old/,
  },
  {
    world: 'a firewall between two hosts only',
    host: 'node-2',
    breaks: `ip route add unreachable ${addressOf('node-3')}/32`,
    mends: `ip route del unreachable ${addressOf('node-3')}/32`,
    code: 3,
    says: /it does not reach node-3 on 10\.78\.0\.13:5001/,
    cure: /open TCP 5001 from 10\.78\.0\.12 to 10\.78\.0\.13/,
  },
  {
    world: 'no sudo',
    host: 'node-2',
    breaks: `mv ${operator.sudoers} /root/sudoers`,
    mends: `mv /root/sudoers ${operator.sudoers}`,
    code: 3,
    says: /sudo does not run commands for ops without a password/,
    cure: /echo 'ops ALL=\(root\) NOPASSWD: ALL' > \/etc\/sudoers\.d\/evha/,
  },
  {
    world: 'a timer and a cron line that start the sequencer',
    host: 'node-1',
    breaks: `echo '* * * * * root systemctl restart ev-node' > /etc/cron.d/ev-node`,
    mends: 'rm /etc/cron.d/ev-node',
    code: 0,
    says: /\/etc\/cron\.d\/ev-node may start or stop ev-node\.service/,
    cure: /take the line out of \/etc\/cron\.d\/ev-node/,
  },
  {
    world: 'a cron line that starts the node past its unit',
    host: 'node-1',
    breaks: `echo '@reboot root /usr/local/bin/testapp start --home ${home}' > /etc/cron.d/ev-node`,
    mends: 'rm /etc/cron.d/ev-node',
    code: 3,
    says: /\/etc\/cron\.d\/ev-node starts the node without its unit/,
    cure: /take the line out/,
  },
  {
    world: 'an environment file that a peer lacks',
    host: 'node-3',
    breaks: 'mv /etc/default/ev-node /root/env',
    mends: 'mv /root/env /etc/default/ev-node',
    code: 3,
    says: /\/etc\/default\/ev-node is not there/,
    cure: /copy \/etc\/default\/ev-node of node-1 there/,
  },
]

hostsTest('each broken world is told by check, with its cure; mended, nothing stands against it', () =>
  withHosts(3, async (hosts) => {
    for (const { world, host, breaks, mends, code, says, cure } of worlds) {
      await typed(hosts, host, breaks)
      const told = await checked(hosts)
      await typed(hosts, host, mends)
      expect(told.code, `${world}: ${told.text}`).toBe(code)
      expect(told.text, world).toMatch(says)
      expect(told.text, world).toMatch(cure)
      expect(told.text, world).not.toMatch(/ at .*\.js:\d+|MaxListeners/)
    }
    await twoNames(hosts)
    await wrongPassphrase(hosts)
    await withoutUnit(hosts)
    expect((await checked(hosts)).text).toContain('nothing stands against migrating')
    await halfOpen(hosts)
  }),
)

/** One host that is two names in the runbook: the second login is another address of node-2. */
async function twoNames(hosts: Hosts): Promise<void> {
  const alias = '10.78.0.99'
  await typed(hosts, 'node-2', `ip addr add ${alias}/24 dev host0`)
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
  await typed(hosts, 'node-2', `ip addr del ${alias}/24 dev host0`)
  expect(told.code, told.stderr).toBe(3)
  expect(told.stdout).toMatch(/it is the same host as node-2, with the same home/)
}

/** It is found by the trial start, while the chain runs; mended, the run goes on to the gate, and can be aborted. */
async function wrongPassphrase(hosts: Hosts): Promise<void> {
  await typed(
    hosts,
    'node-3',
    'cp -p /etc/ev-node/passphrase /root/pass && echo wrong > /etc/ev-node/passphrase',
  )
  const failed = await hosts.evha('migrate', hosts.runbook, ...confirm(hosts, 'cutover', 'commit'))
  expect(failed.code, failed.stderr).toBe(1)
  expect(failed.stderr).toMatch(/node-3: the node does not start: .*passphrase/)
  await typed(hosts, 'node-3', 'cp -p /root/pass /etc/ev-node/passphrase')
  const going = await hosts.evha('resume')
  expect(going.code, going.stderr).toBe(4)
  expect((await hosts.evha('abort')).code).toBe(5)
}

/** The guide's own way: a process in a shell. Refused with what to do; a unit is written from it, laid, and check is content. */
async function withoutUnit(hosts: Hosts): Promise<void> {
  const unit = '/etc/systemd/system/ev-node.service'
  await typed(
    hosts,
    'node-1',
    `set -e
systemctl disable -q --now ev-node
mv ${unit} ${unit}.d /root/
systemctl daemon-reload
cd /
setsid runuser -u ev-node -- /usr/local/bin/testapp start --home ${home} --evnode.node.aggregator=true \\
  --evnode.signer.passphrase_file /etc/ev-node/passphrase > /dev/null 2>&1 < /dev/null &
sleep 3`,
  )
  const refused = await checked(hosts)
  expect(refused.code).toBe(3)
  expect(refused.text).toMatch(
    /systemd has no unit ev-node\.service; process \d+ of ev-node runs the node without one/,
  )
  const file = `${hosts.runbook}.service`
  const written = await hosts.evha('check', hosts.runbook, '--unit-file', file)
  expect(written.code, written.stderr).toBe(0)
  // The stand-in is a script: its interpreter is what runs. An operator would see that, too.
  const laid = readFileSync(file, 'utf8').replace(/\/opt\/evha\/node \S+/, '/usr/local/bin/testapp')
  const pid = /kill -INT (\d+)/.exec(written.stderr)?.[1] ?? ''
  await typed(hosts, 'node-1', `cat > ${unit} && systemctl daemon-reload && kill -INT ${pid}`, laid)
  await until('the end of the process', async () =>
    (await hosts.on('node-1', `test -e /proc/${pid}`)).code === 0 ? undefined : true,
  )
  await typed(hosts, 'node-1', 'systemctl enable -q --now ev-node')
  await until('the chain under its new unit', async () =>
    (await checked(hosts)).code === 0 ? true : undefined,
  )
}

/** A host that takes the connection and says nothing. */
async function halfOpen(hosts: Hosts): Promise<void> {
  await typed(hosts, 'node-3', 'systemctl kill --kill-whom=main --signal=STOP ssh')
  const told = await checked(hosts)
  expect(told.code, told.text).toBe(3)
  expect(told.text).toMatch(/node-3 .*cannot be reached/)
  expect(told.text).toMatch(/see whether the host is up and try: ssh/)
}

async function checked(hosts: Hosts): Promise<{ code: number | null; text: string }> {
  const ended = await hosts.evha('check', hosts.runbook)
  return { code: ended.code, text: `${ended.stdout}\n${ended.stderr}` }
}

async function typed(hosts: Hosts, host: string, command: string, stdin = ''): Promise<void> {
  const ended = await hosts.on(host, command, stdin)
  if (ended.code !== 0) throw new Error(`${host}: ${command}: exit ${ended.code}: ${ended.stderr}`)
}

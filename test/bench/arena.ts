import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mergeConfig } from '../../src/evnode/config.ts'
import { peerIdOf } from '../../src/evnode/peer-id.ts'
import { raftChanges } from '../../src/evnode/raft-changes.ts'
import type { Timing } from '../../src/evnode/timing.ts'
import { chainOf, heightOf } from '../hosts/blocks.ts'
import { beginChain, passphrase } from '../hosts/found-chain.ts'
import { addressOf, did as done, type Hosts, hostsDir, hostsOf, run, script, until } from '../hosts/hosts.ts'

const home = '/var/lib/ev-node'
const config = `${home}/config/evnode.yaml`
const unit = '/etc/systemd/system/ev-node.service'
const kvEndpoint = '127.0.0.1:9090'
/**
 * Every block carries one transaction of so many bytes, not to be compressed, with no key: the test application keeps it
 * in the block and puts nothing into its state, which would stand in every header from there on.
 */
const transactionBytes = 40_000
const buildingBlockMs = 25
const buildingTimeoutMs = 240_000

/** Five hosts and DA, up for the whole bench; each attempt on them begins with a new chain. */
export async function withArena(work: (hosts: Hosts) => Promise<void>): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'evha-bench-'))
  try {
    const up = await run(script, ['up', '5']).ended
    if (up.code !== 0) throw new Error(`script/hosts up: ${up.stderr}`)
    const hosts = hostsOf(5, stateDir, { onMs: 900_000, evhaMs: 3_600_000 })
    await Promise.all([layDa(hosts), ...hosts.names.map((host) => layHost(hosts, host))])
    await letFirstIn(hosts)
    writeFileSync(hosts.runbook, runbookOf(hosts))
    await work(hosts)
  } finally {
    await run(script, ['down']).ended
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** Runs a command on a host and gives what it prints; throws unless it exits 0. */
export async function did(hosts: Hosts, host: string, command: string, stdin = ''): Promise<string> {
  return (await done(hosts, host, command, stdin)).stdout
}

/** A new chain on node-1 with so many blocks, at 1 s a block from there on, and no trace of an earlier one anywhere. */
export async function freshChain(hosts: Hosts, blocks: number): Promise<void> {
  await Promise.all([
    did(hosts, 'da', 'systemctl restart da'),
    ...hosts.names.map((host) => clear(hosts, host)),
  ])
  await beginChain(hosts)
  await configure(hosts, `${buildingBlockMs}ms`)
  await did(hosts, 'node-1', `cat > ${unit}`, unitText('always', 1))
  await did(hosts, 'node-1', 'systemctl daemon-reload && systemctl enable -q --now ev-node.service')
  await did(hosts, 'node-1', '/opt/evha/node --input-type=module -e "$(cat)"', building(blocks))
  await configure(hosts, '1s')
  await did(hosts, 'node-1', 'systemctl restart ev-node')
  await until('DA to have the chain', () => daHas(hosts, blocks))
}

/** Run on the host: sends transactions until there are so many blocks. */
const building = (blocks: number) => `import { randomBytes } from 'node:crypto'
const post = (url, headers, body) => fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
const head = async () => {
  const answer = await post('http://127.0.0.1:7331/evnode.v1.StoreService/GetState', { 'content-type': 'application/json' }, '{}')
  return Number((await answer.json()).state.lastBlockHeight)
}
const deadline = Date.now() + ${buildingTimeoutMs}
for (let turn = 0; ; turn += 1) {
  await post('http://${kvEndpoint}/tx', {}, '=' + randomBytes(${(transactionBytes / 4) * 3}).toString('base64')).catch(() => undefined)
  if (turn % 10 === 0 && await head().catch(() => 0) >= ${blocks}) break
  if (Date.now() > deadline) throw new Error('the chain does not come to ${blocks} blocks')
  await new Promise((wake) => setTimeout(wake, ${buildingBlockMs}))
}
`

/** Apparent and real bytes of node-1's data. */
export async function dataBytes(hosts: Hosts): Promise<{ apparent: number; real: number }> {
  const told = await did(hosts, 'node-1', `du -sb ${home}/data; du -s --block-size=1 ${home}/data`)
  const [apparent = 0, real = 0] = told.split('\n').map((line) => Number.parseInt(line, 10))
  return { apparent, real }
}

/**
 * What every way but evha's needs before its window: homes with an identity of their own, the sequencer's genesis and
 * signer, configs and units of members. node-1's own lie aside, in /etc/ev-node.
 */
export async function prepareMembers(hosts: Hosts, timing: Timing, restart: Restart): Promise<void> {
  const files = await did(
    hosts,
    'node-1',
    `tar -C ${home} -cf - config/genesis.json config/signer.json | base64`,
  )
  const yaml = await did(hosts, 'node-1', `cat ${config}`)
  const nodeKeys = await Promise.all(
    hosts.names.map(async (host) => {
      if (host !== 'node-1') await layPeer(hosts, host, files)
      return did(
        hosts,
        host,
        `install -d -o ev-node -g ev-node ${home}/raft && cat ${home}/config/node_key.json`,
      )
    }),
  )
  const members = hosts.names.map((host, k) => ({
    nodeId: host,
    address: addressOf(host),
    raftPort: 5001,
    p2pPort: 7676,
    peerId: peerIdOf(nodeKeys[k] ?? ''),
  }))
  await Promise.all(
    hosts.names.map(async (host) => {
      const changes = raftChanges({
        node: host,
        members,
        timing,
        raftDir: `${home}/raft`,
        signerPath: `${home}/config`,
      })
      const merged = mergeConfig(yaml, changes).text
      const places = host === 'node-1' ? ['/etc/ev-node/member.yaml'] : ['/etc/ev-node/member.yaml', config]
      for (const place of places)
        await did(hosts, host, `install -o ev-node -g ev-node -m 600 /dev/stdin ${place}`, merged)
      const into = host === 'node-1' ? '/etc/ev-node/member.service' : unit
      await did(
        hosts,
        host,
        `cat > ${into} && systemctl daemon-reload`,
        unitText('on-failure', restart.seconds, restart.forEver),
      )
    }),
  )
}

export interface Restart {
  readonly seconds: number
  /** Without systemd's limit of starts. */
  readonly forEver: boolean
}

async function layPeer(hosts: Hosts, host: string, files: string): Promise<void> {
  await did(
    hosts,
    host,
    `install -d -o ev-node -g ev-node -m 750 ${home} &&
     runuser -u ev-node -- testapp init --home ${home} --chain_id ${hosts.chain} \\
       --evnode.node.aggregator=true --evnode.signer.passphrase_file ${passphrase} &&
     base64 -d | tar -C ${home} -xpf - && install -d -o ev-node -g ev-node ${home}/data`,
    files,
  )
}

async function configure(hosts: Hosts, blockTime: string): Promise<void> {
  const merged = mergeConfig(await did(hosts, 'node-1', `cat ${config}`), {
    'node.aggregator': true,
    'node.block_time': blockTime,
    'da.address': `http://${addressOf('da')}:7980`,
    'da.namespace': 'bench-namespace',
    'p2p.listen_address': '/ip4/0.0.0.0/tcp/7676',
    'signer.signer_path': `${home}/config`,
  })
  await did(hosts, 'node-1', `cat > ${config}`, merged.text)
}

/** Everything a way of migrating may have left, evha's own files too. */
function clear(hosts: Hosts, host: string): Promise<string> {
  return did(
    hosts,
    host,
    `systemctl disable -q ev-node 2>/dev/null; systemctl kill -s KILL ev-node 2>/dev/null; systemctl stop ev-node 2>/dev/null
     rm -rf ${home} ${unit} ${unit}.d /etc/ev-node/member.* /var/lib/evha /run/evha /run/hand-tuned-*
     systemctl daemon-reload; systemctl reset-failed; install -d -m 755 /etc/ev-node`,
  )
}

async function daHas(hosts: Hosts, height: number): Promise<true | undefined> {
  const asked = `const answer = await fetch('http://127.0.0.1:7331/evnode.v1.StoreService/GetMetadata', { method: 'POST',
    headers: { 'content-type': 'application/json' }, body: JSON.stringify({ key: 'last-submitted-header-height' }) })
  console.log(Number(Buffer.from((await answer.json()).value ?? 'AAAAAAAAAAA=', 'base64').readBigUInt64LE()))`
  const told = await hosts.on('node-1', '/opt/evha/node --input-type=module -e "$(cat)"', asked)
  return told.code === 0 && Number(told.stdout) >= height ? true : undefined
}

const unitText = (restart: string, seconds: number, forEver = true) => `[Unit]
Description=ev-node
${forEver ? 'StartLimitIntervalSec=0' : ''}
[Service]
User=ev-node
ExecStart=/usr/local/bin/testapp start --home ${home} --evnode.node.aggregator=true \\
  --evnode.signer.passphrase_file ${passphrase} --kv-endpoint ${kvEndpoint} --evnode.log.format json
Restart=${restart}
RestartSec=${seconds}s
TimeoutStopSec=40s

[Install]
WantedBy=multi-user.target
`

async function layHost(hosts: Hosts, host: string): Promise<void> {
  await did(
    hosts,
    host,
    `useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin ev-node &&
     install -d -m 755 /etc/ev-node && install -o ev-node -g ev-node -m 600 /dev/stdin ${passphrase}`,
    'a passphrase of the hosts\n',
  )
}

/** node-1 may log in to the others, as a copy from host to host needs. */
async function letFirstIn(hosts: Hosts): Promise<void> {
  const key = await did(
    hosts,
    'node-1',
    'ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519 && cat /root/.ssh/id_ed25519.pub',
  )
  const known = hosts.names.map((host) => addressOf(host)).join('\\|')
  const lines = await run('grep', ['-e', known, join(hostsDir, 'known_hosts')]).ended
  await did(hosts, 'node-1', 'cat > /root/.ssh/known_hosts', lines.stdout)
  for (const host of hosts.names.slice(1)) await did(hosts, host, 'cat >> /root/.ssh/authorized_keys', key)
}

async function layDa(hosts: Hosts): Promise<void> {
  const real = (process.env['EVHA_DA_BIN'] ?? '') !== ''
  const command = real
    ? '/usr/local/bin/local-da -listen-all -port 7980 -block-time 1s'
    : '/opt/evha/node /opt/evha/da.mjs'
  const standIn = `import { startDa } from '/opt/evha/dist/lab/da/da.js'
await startDa({ host: '0.0.0.0', port: 7980, blockTimeMs: 1000, logFile: '/var/log/da.log' })
`
  await did(hosts, 'da', 'cat > /opt/evha/da.mjs', standIn)
  await did(
    hosts,
    'da',
    'cat > /etc/systemd/system/da.service && systemctl daemon-reload',
    `[Service]\nExecStart=${command}\nRestart=on-failure\n`,
  )
}

const runbookOf = ({ chain, names }: Hosts) => `version: 1
chain: ${chain}
node:
  binary: /usr/local/bin/testapp
  db: testapp
nodes:
${names
  .map(
    (name) => `  - name: ${name}
    ssh: { host: ${addressOf(name)}, user: root, identityFile: ${hostsDir}/operator_key, knownHostsFile: ${hostsDir}/known_hosts }
    address: ${addressOf(name)}`,
  )
  .join('\n')}
source: node-1
window:
  soakSeconds: 3
staging: true
`

/** Head of the live chain, once it makes blocks at its own pace again. */
export async function settledHead(hosts: Hosts, more: number): Promise<number> {
  const from = (await until('the head', () => heightOf(hosts, 'node-1'))) + more
  return until(`block ${from}`, async () => {
    const chain = await chainOf(hosts, 'node-1', from)
    return chain !== undefined && chain.head >= from ? chain.head : undefined
  })
}

import { mergeConfig } from '../../src/evnode/config.ts'
import { heightOf } from './blocks.ts'
import { addressOf, type Hosts, until } from './hosts.ts'

const home = '/var/lib/ev-node'
const passphrase = '/etc/ev-node/passphrase'
const units = '/etc/systemd/system'

/** Lays what an operator's hosts have before evha comes: a user and a passphrase everywhere, a sequencer on node-1, DA. */
export async function foundChain(hosts: Hosts): Promise<void> {
  await Promise.all([startDa(hosts), ...hosts.names.map((host) => prepare(hosts, host))])
  await did(
    hosts,
    'node-1',
    `install -d -o ev-node -g ev-node -m 750 ${home} &&
     runuser -u ev-node -- testapp init --home ${home} --chain_id ${hosts.chain} \\
       --evnode.node.aggregator=true --evnode.signer.passphrase_file ${passphrase}`,
  )
  const config = `${home}/config/evnode.yaml`
  const { stdout } = await did(hosts, 'node-1', `cat ${config}`)
  const merged = mergeConfig(stdout, {
    'node.aggregator': true,
    'node.block_time': '1s',
    'da.address': `http://${addressOf('da')}:7980`,
    'da.namespace': 'hosts-namespace',
    'rpc.address': '127.0.0.1:7331',
    'p2p.listen_address': '/ip4/0.0.0.0/tcp/7676',
    'signer.signer_path': `${home}/config`,
  })
  await did(hosts, 'node-1', `cat > ${config}`, merged.text)
  await did(hosts, 'node-1', `cat > ${units}/ev-node.service`, unitText)
  await did(hosts, 'node-1', 'systemctl daemon-reload && systemctl enable -q --now ev-node.service')
  await until('blocks of the single sequencer', async () =>
    ((await heightOf(hosts, 'node-1')) ?? 0) >= 3 ? true : undefined,
  )
}

function prepare(hosts: Hosts, host: string): Promise<unknown> {
  return did(
    hosts,
    host,
    `useradd --system --home-dir ${home} --shell /usr/sbin/nologin ev-node &&
     install -d -m 755 ${passphrase.slice(0, passphrase.lastIndexOf('/'))} &&
     install -o ev-node -g ev-node -m 600 /dev/stdin ${passphrase}`,
    'a passphrase of the hosts\n',
  )
}

/** The unit as an operator of a single sequencer would have it. */
const unitText = `[Unit]
Description=ev-node sequencer
After=network-online.target

[Service]
User=ev-node
ExecStart=/usr/local/bin/testapp start --home ${home} \\
  --evnode.node.aggregator=true --evnode.node.block_time 1s \\
  --evnode.signer.passphrase_file ${passphrase} --evnode.log.format json
Restart=on-failure
RestartSec=1s

[Install]
WantedBy=multi-user.target
`

const standInDa = `import { startDa } from '/opt/evha/dist/lab/da/da.js'
await startDa({ host: '0.0.0.0', port: 7980, blockTimeMs: 1000, logFile: '/var/log/da.log' })
`

async function startDa(hosts: Hosts): Promise<void> {
  const real = (process.env['EVHA_DA_BIN'] ?? '') !== ''
  const command = real
    ? '/usr/local/bin/local-da -listen-all -port 7980 -block-time 1s'
    : '/opt/evha/node /opt/evha/da.mjs'
  await did(hosts, 'da', 'cat > /opt/evha/da.mjs', standInDa)
  await did(
    hosts,
    'da',
    `cat > ${units}/da.service && systemctl daemon-reload && systemctl start da.service`,
    `[Service]\nExecStart=${command}\nRestart=on-failure\n`,
  )
}

async function did(hosts: Hosts, host: string, command: string, stdin = '') {
  const ended = await hosts.on(host, command, stdin)
  if (ended.code !== 0) throw new Error(`${host}: ${command}: exit ${ended.code}: ${ended.stderr}`)
  return ended
}

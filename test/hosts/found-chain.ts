import { mergeConfig } from '../../src/evnode/config.ts'
import { heightOf } from './blocks.ts'
import { foundClients } from './found-clients.ts'
import { type Application, addressOf, did, type Hosts, until } from './hosts.ts'

const home = '/var/lib/ev-node'
const units = '/etc/systemd/system'
export const passphrase = '/etc/ev-node/passphrase'
export const environment = '/etc/default/ev-node'
export const unit = `${units}/ev-node.service`
/** There while the unit is enabled. */
export const wants = `${units}/multi-user.target.wants/ev-node.service`
/** A drop-in of the operator's own. */
export const dropIn = `${unit}.d/10-limits.conf`
/** What evha lays beside a unit until `finish`, `abort` or `rollback`. */
export const deadMan = [
  `${units}/evha-dead-man-ev-node.service`,
  `${units}/multi-user.target.wants/evha-dead-man-ev-node.service`,
]
/** And the one of evha. */
export const permitDropIn = `${unit}.d/90-evha-permit.conf`

/** Makes home, key and genesis of the chain on node-1. */
export async function beginChain(hosts: Hosts): Promise<void> {
  await did(
    hosts,
    'node-1',
    `install -d -o ev-node -g ev-node -m 750 ${home} &&
     runuser -u ev-node -- ${hosts.application.name} init --home ${home} --chain_id ${hosts.chain} \\
       --evnode.node.aggregator=true --evnode.signer.passphrase_file ${passphrase}`,
  )
}

/**
 * Lays what operators' hosts have before evha comes: a user without a home and a passphrase everywhere, a sequencer
 * with a grown unit on node-1, a login on node-2 that needs sudo, has a shell that is slow and not POSIX, DA.
 */
export async function foundChain(hosts: Hosts): Promise<void> {
  await Promise.all([startDa(hosts), ...hosts.names.map((host) => prepare(hosts, host))])
  await layOperator(hosts, 'node-2')
  const clientFlags = hosts.application.name === 'evm' ? await foundClients(hosts) : ''
  await beginChain(hosts)
  const config = `${home}/config/evnode.yaml`
  const { stdout } = await did(hosts, 'node-1', `cat ${config}`)
  const merged = mergeConfig(stdout, {
    'node.aggregator': true,
    'node.block_time': '1s',
    'da.address': `http://${addressOf('da')}:7980`,
    'da.namespace': 'hosts-namespace',
    'rpc.address': '127.0.0.1:7331',
    // A stand-in told to listen everywhere is reached from its own host alone, and full nodes follow an EVM chain's sequencer.
    'p2p.listen_address': `/ip4/${clientFlags === '' ? '0.0.0.0' : addressOf('node-1')}/tcp/7676`,
    'signer.signer_path': `${home}/config`,
  })
  await did(hosts, 'node-1', `cat > ${config}`, merged.text)
  await did(hosts, 'node-1', `cat > ${unit}`, unitText(hosts.application, clientFlags))
  await did(hosts, 'node-1', `mkdir -p ${dropIn.replace(/\/[^/]*$/, '')} && cat > ${dropIn}`, dropInText)
  await did(hosts, 'node-1', 'systemctl daemon-reload && systemctl enable -q --now ev-node.service')
  await until('blocks of the single sequencer', async () =>
    ((await heightOf(hosts, 'node-1')) ?? 0) >= 3 ? true : undefined,
  )
}

/**
 * As an operator sets it. The real test application maps some 2.7 GB at its start: with a limit below that its garbage
 * collector takes every second tick of the processor it gets, five such nodes two whole cores.
 */
const memoryLimit = 'GOMEMLIMIT=4GiB'

function prepare(hosts: Hosts, host: string): Promise<unknown> {
  return did(
    hosts,
    host,
    `useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin ev-node &&
     install -d -m 755 ${passphrase.slice(0, passphrase.lastIndexOf('/'))} &&
     install -o ev-node -g ev-node -m 600 /dev/stdin ${passphrase} &&
     echo '${memoryLimit}' > ${environment} && chmod 640 ${environment}`,
    'a passphrase of the hosts\n',
  )
}

/** Who may log in to a host that lets no root in: sudo without a password, a banner, a slow shell that is not POSIX. */
export const operator = { name: 'ops', sudoers: '/etc/sudoers.d/evha' } as const

function layOperator(hosts: Hosts, host: string): Promise<unknown> {
  return did(
    hosts,
    host,
    `useradd --create-home --shell "$(command -v tcsh || echo /bin/bash)" ${operator.name} &&
     install -d -o ${operator.name} -m 700 /home/${operator.name}/.ssh &&
     install -o ${operator.name} -m 600 /root/.ssh/authorized_keys /home/${operator.name}/.ssh/authorized_keys &&
     echo 'sleep 0.3; echo slow to start >&2' > /home/${operator.name}/.bashrc &&
     echo 'sleep 0.3' > /home/${operator.name}/.tcshrc &&
     echo 'Authorized use only. All of it is logged.' > /etc/ssh/banner &&
     echo 'Banner /etc/ssh/banner' >> /etc/ssh/sshd_config.d/evha.conf && systemctl reload ssh &&
     echo '${operator.name} ALL=(root) NOPASSWD: ALL' > ${operator.sudoers} && chmod 440 ${operator.sudoers} &&
     # Who is not root is let in only once the host is through with its boot.
     { for i in $(seq 100); do [ -e /run/nologin ] || break; sleep 0.1; done
       [ ! -e /run/nologin ] || systemctl restart systemd-user-sessions; }`,
  )
}

/** The unit as it has grown at an operator's: old flags and new ones, an environment file, always restarted. */
const unitText = ({ name }: Application, clientFlags: string) => `[Unit]
Description=ev-node sequencer
After=network-online.target

[Service]
User=ev-node
EnvironmentFile=${environment}
EnvironmentFile=-${environment}.local
ExecStart=/usr/local/bin/${name} start --home=${home} \\
  --rollkit.node.aggregator=true --evnode.node.block_time 1s \\
  # The DA address stands in evnode.yaml too; the flag counts.
  --rollkit.da.address "http://${addressOf('da')}:7980" \\
  --evnode.signer.passphrase_file ${passphrase} --evnode.log.format json${clientFlags}
Restart=always
RestartSec=1s

[Install]
WantedBy=multi-user.target
`

const dropInText = `[Unit]
StartLimitIntervalSec=30
[Service]
LimitNOFILE=65536
Environment=GOMAXPROCS=2 "NOTE=two words"
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

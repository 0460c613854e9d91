import { dropIn, environment, operator, passphrase, unit } from './found-chain.ts'
import { addressOf } from './hosts.ts'

/** Something wrong on one host, and what `evha check` must find there. */
export interface World {
  readonly world: string
  readonly host: string
  /** What a hand types there; afterwards it is as it was. */
  readonly breaks: string
  readonly mends: string
  readonly level: 'blocks' | 'warns'
  readonly says: RegExp
  readonly cure: RegExp
}

export const home = '/var/lib/ev-node'
const units = '/etc/systemd/system'

export const full = (dir: string) => `mkdir -p ${dir} && mount -t tmpfs -o size=1m full ${dir}`
const gone = (dir: string) => `umount ${dir} && rmdir ${dir}`
export const listener = `/opt/evha/node -e 'require("net").createServer().listen(5001)'`
const dropInOf = (text: string, name = 'ev-node.service.d/90-world') =>
  `mkdir -p ${units}/${name.replace(/\/.*/, '')} && printf '${text}' > ${units}/${name}.conf && systemctl daemon-reload`
const withoutDropIn = `rm ${units}/ev-node.service.d/90-world.conf && systemctl daemon-reload`

/** What a host stands on. All of it is broken at once, and all of it must be told. */
const ground: readonly World[] = [
  {
    world: 'a full disk where evha writes',
    host: 'node-1',
    breaks: full('/var/lib/evha'),
    mends: gone('/var/lib/evha'),
    level: 'blocks',
    says: /^only \d+ bytes are free at \/var\/lib\/evha$/,
    cure: /^make room: .*; df -h \/var\/lib\/evha$/,
  },
  {
    world: 'a full root disk, home and all',
    host: 'node-3',
    breaks: 'mount -t tmpfs -o size=1m full /var/lib',
    mends: 'umount /var/lib',
    level: 'blocks',
    says: /^only \d+ bytes are free at \/var\/lib\/ev-node$/,
    cure: /^make room: .*; df -h \/var\/lib\/ev-node$/,
  },
  {
    world: 'a full disk where the Raft directory shall lie',
    host: 'node-2',
    breaks: full(`${home}/raft`),
    mends: `${gone(`${home}/raft`)} && rmdir ${home}`,
    level: 'blocks',
    says: /^only \d+ bytes are free at \/var\/lib\/ev-node\/raft$/,
    cure: /df -h \/var\/lib\/ev-node\/raft/,
  },
  {
    world: 'a read-only file system',
    host: 'node-2',
    breaks: 'mkdir /var/lib/evha && mount -t tmpfs -o ro full /var/lib/evha',
    mends: gone('/var/lib/evha'),
    level: 'blocks',
    says: /^\/var\/lib\/evha can not be written$/,
    cure: /mount -o remount,rw \/var\/lib\/evha/,
  },
  {
    world: 'a busy port',
    host: 'node-2',
    breaks: `systemd-run --quiet --unit=listener ${listener} && sleep 1`,
    mends: 'systemctl stop listener',
    level: 'blocks',
    says: /^something listens on .*:5001 already$/,
    cure: /ss -ltnp 'sport = :5001'/,
  },
  {
    world: 'a passphrase of somebody else',
    host: 'node-3',
    breaks: `chown root ${passphrase}`,
    mends: `chown ev-node ${passphrase}`,
    level: 'blocks',
    says: /^ev-node can not read \/etc\/ev-node\/passphrase$/,
    cure: /chown ev-node \/etc\/ev-node\/passphrase && chmod 600/,
  },
  {
    world: 'a key of somebody else',
    host: 'node-1',
    breaks: `chown root ${home}/config/signer.json && chmod 600 ${home}/config/signer.json`,
    mends: `chown ev-node ${home}/config/signer.json`,
    level: 'blocks',
    says: /^ev-node can not read \/var\/lib\/ev-node\/config\/signer\.json$/,
    cure: /chown ev-node \/var\/lib\/ev-node\/config\/signer\.json && chmod 600/,
  },
  {
    world: 'a key that is a mount of its own',
    host: 'node-1',
    breaks: `mount --bind ${home}/config/signer.json ${home}/config/signer.json`,
    mends: `umount ${home}/config/signer.json`,
    level: 'blocks',
    says: /^\/var\/lib\/ev-node\/config\/signer\.json is a mount of its own$/,
    cure: /umount \/var\/lib\/ev-node\/config\/signer\.json/,
  },
  {
    world: 'another binary',
    host: 'node-3',
    breaks: 'mount --bind /bin/true /usr/local/bin/testapp',
    mends: 'umount /usr/local/bin/testapp',
    level: 'blocks',
    says: /testapp is another binary than on node-1$/,
    cure: /copy the one of node-1 \(sha256/,
  },
  {
    world: 'a tar that knows no holes',
    host: 'node-3',
    breaks: 'printf "#!/bin/sh\\necho bsdtar 3.7\\n" > /usr/local/bin/tar && chmod 755 /usr/local/bin/tar',
    mends: 'rm /usr/local/bin/tar',
    level: 'blocks',
    says: /^tar is not GNU tar$/,
    cure: /install GNU tar/,
  },
  {
    world: 'an environment file that a peer lacks',
    host: 'node-3',
    breaks: `mv ${environment} /root/env`,
    mends: `mv /root/env ${environment}`,
    level: 'blocks',
    says: /^\/etc\/default\/ev-node is not there$/,
    cure: /copy \/etc\/default\/ev-node of node-1 there/,
  },
  {
    world: 'a firewall between two hosts only, which refuses',
    host: 'node-2',
    breaks: `ip route add unreachable ${addressOf('node-3')}/32`,
    mends: `ip route del unreachable ${addressOf('node-3')}/32`,
    level: 'blocks',
    says: /^it does not reach node-3 on 10\.78\.0\.13:5001 \(refused/,
    cure: /open TCP 5001 from 10\.78\.0\.12 to 10\.78\.0\.13/,
  },
  {
    world: 'a firewall between two hosts only, which drops',
    host: 'node-1',
    breaks: `ip neigh replace ${addressOf('node-2')} lladdr 02:00:00:00:00:99 dev host0 nud permanent`,
    mends: `ip neigh del ${addressOf('node-2')} dev host0`,
    level: 'blocks',
    says: /^it does not reach node-2 on 10\.78\.0\.12:5001 \(no answer\)$/,
    cure: /open TCP 5001 from 10\.78\.0\.11 to 10\.78\.0\.12/,
  },
  {
    world: 'a firewall between one host and DA',
    host: 'node-2',
    breaks: `ip route add unreachable ${addressOf('da')}/32`,
    mends: `ip route del unreachable ${addressOf('da')}/32`,
    level: 'warns',
    says: /^DA does not answer it on 10\.78\.0\.20:7980$/,
    cure: /^open TCP 7980 to 10\.78\.0\.20 for this host/,
  },
  {
    // The clock of a machine is never stepped: what tells the time there is.
    world: 'a clock that is 30 s off',
    host: 'node-3',
    breaks: `printf '#!/bin/sh\nexec /bin/date -d "+30 seconds" "$@"\n' > /usr/local/bin/date && chmod 755 /usr/local/bin/date`,
    mends: 'rm /usr/local/bin/date',
    level: 'blocks',
    says: /^its clock is (29|3\d)\d{3} ms off the source's$/,
    cure: /timedatectl set-ntp true/,
  },
]

/** What was there before, and who else starts the node. */
const others: readonly World[] = [
  {
    world: 'a home that holds another chain',
    host: 'node-3',
    breaks: `mkdir -p ${home}/config && echo '{"chain_id":"other"}' > ${home}/config/genesis.json`,
    mends: `rm -r ${home}`,
    level: 'blocks',
    says: /^its genesis\.json is of another chain$/,
    cure: /move \/var\/lib\/ev-node\/config away/,
  },
  {
    world: 'data, a key and a Raft directory that an earlier run left',
    host: 'node-2',
    breaks: `mkdir -p ${home}/config ${home}/data/testapp ${home}/raft && echo '{}' > ${home}/config/signer.json`,
    mends: `rm -r ${home}`,
    level: 'blocks',
    says: /^(there is data below .*\/data already|it has a signer\.json of its own|the Raft directory .* is there already)$/,
    cure: /move \S+ away|mv \S+ \S+\.before/,
  },
  {
    world: 'a unit of a peer that a reboot would start',
    host: 'node-2',
    breaks: `printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' > ${unit} && systemctl enable -q ev-node`,
    mends: `systemctl disable -q ev-node && rm ${unit} && systemctl daemon-reload`,
    level: 'blocks',
    says: /^ev-node\.service is enabled$/,
    cure: /^systemctl disable ev-node\.service$/,
  },
  {
    world: 'a container that runs the node',
    host: 'node-3',
    breaks: `systemd-run --quiet --unit=libpod-4711 /opt/evha/node -e 'setTimeout(() => {}, 1e8)' x start --home ${home}`,
    mends: 'systemctl stop libpod-4711',
    level: 'blocks',
    says: /^process \d+ runs this node in a container$/,
    cure: /remove the container and its restart policy/,
  },
  {
    world: 'a cron line that starts the node past its unit',
    host: 'node-1',
    breaks: `echo '@reboot root /usr/local/bin/testapp start --home ${home}' > /etc/cron.d/ev-node`,
    mends: 'rm /etc/cron.d/ev-node',
    level: 'blocks',
    says: /^\/etc\/cron\.d\/ev-node starts the node without its unit/,
    cure: /take the line out of \/etc\/cron\.d\/ev-node/,
  },
  {
    world: 'a drop-in that is not of the unit alone',
    host: 'node-1',
    breaks: dropInOf('[Service]\\nNice=1\\n', 'service.d/all'),
    mends: `rm -r ${units}/service.d && systemctl daemon-reload`,
    level: 'blocks',
    says: /^\/etc\/systemd\/system\/service\.d\/all\.conf is part of ev-node\.service$/,
    cure: /^cp \S+\/service\.d\/all\.conf \S+\/ev-node\.service\.d\/ && systemctl daemon-reload/,
  },
  {
    world: 'a unit that was changed and not read',
    host: 'node-1',
    breaks: `sleep 1; echo '# changed' >> ${dropIn}`,
    mends: `sed -i '$d' ${dropIn} && systemctl daemon-reload`,
    level: 'blocks',
    says: /^a file of ev-node\.service changed after systemd read it$/,
    cure: /systemctl daemon-reload/,
  },
]

const warnings: readonly World[] = [
  {
    world: 'a passphrase that others can read',
    host: 'node-3',
    breaks: `chmod 644 ${passphrase}`,
    mends: `chmod 600 ${passphrase}`,
    level: 'warns',
    says: /^\/etc\/ev-node\/passphrase has mode 644$/,
    cure: /chmod 600 \/etc\/ev-node\/passphrase/,
  },
  {
    world: 'a key that others can read',
    host: 'node-1',
    breaks: `chmod 640 ${home}/config/signer.json`,
    mends: `chmod 600 ${home}/config/signer.json`,
    level: 'warns',
    says: /^\/var\/lib\/ev-node\/config\/signer\.json has mode 640$/,
    cure: /chmod 600 \/var\/lib\/ev-node\/config\/signer\.json/,
  },
  {
    world: 'a timer that starts the sequencer',
    host: 'node-1',
    breaks: `printf '[Timer]\\nOnCalendar=yearly\\n' > ${units}/ev-node.timer && systemctl daemon-reload && systemctl start ev-node.timer`,
    mends: `systemctl stop ev-node.timer && rm ${units}/ev-node.timer && systemctl daemon-reload`,
    level: 'warns',
    says: /^ev-node\.timer starts ev-node\.service by itself$/,
    cure: /systemctl disable --now ev-node\.timer/,
  },
  {
    world: 'a cron line that restarts the sequencer',
    host: 'node-1',
    breaks: `echo '* * * * * root systemctl restart ev-node' > /etc/cron.d/ev-node`,
    mends: 'rm /etc/cron.d/ev-node',
    level: 'warns',
    says: /^\/etc\/cron\.d\/ev-node may start or stop ev-node\.service/,
    cure: /take the line out of \/etc\/cron\.d\/ev-node/,
  },
  {
    world: 'a sequencer that is not enabled',
    host: 'node-1',
    breaks: 'systemctl disable -q ev-node',
    mends: 'systemctl enable -q ev-node',
    level: 'warns',
    says: /^ev-node\.service is not enabled$/,
    cure: /systemctl enable ev-node\.service/,
  },
  {
    world: 'a clock that nobody keeps',
    host: 'node-3',
    breaks:
      'printf "#!/bin/sh\\necho no\\n" > /usr/local/bin/timedatectl && chmod 755 /usr/local/bin/timedatectl',
    mends: 'rm /usr/local/bin/timedatectl',
    level: 'warns',
    says: /^its clock is not kept by NTP$/,
    cure: /timedatectl set-ntp true/,
  },
  {
    world: 'a host without anybody who knows of NTP',
    host: 'node-1',
    breaks:
      'printf "#!/bin/sh\\nexit 1\\n" > /usr/local/bin/timedatectl && chmod 755 /usr/local/bin/timedatectl',
    mends: 'rm /usr/local/bin/timedatectl',
    level: 'warns',
    says: /^whether NTP keeps its clock is not known$/,
    cure: /^see that a time service runs/,
  },
  {
    world: 'files of a peer that evha replaces; rsync, which nothing needs, is missing beside it',
    host: 'node-2',
    breaks: `mount --bind /dev/null /usr/bin/rsync && printf '[Service]\\nExecStart=/bin/true\\n' > ${unit} && systemctl daemon-reload`,
    mends: `umount /usr/bin/rsync && rm ${unit} && systemctl daemon-reload`,
    level: 'warns',
    says: /^\/etc\/systemd\/system\/ev-node\.service is there already$/,
    cure: /cp -p \/etc\/systemd\/system\/ev-node\.service/,
  },
  {
    world: 'an environment file that says something else',
    host: 'node-3',
    breaks: `echo 'GOMEMLIMIT=1MiB' >> ${environment}`,
    mends: `sed -i '$d' ${environment}`,
    level: 'warns',
    says: /^\/etc\/default\/ev-node is not the same as on node-1$/,
    cure: /compare the two/,
  },
]

const evm = (port: number) =>
  dropInOf(
    `[Service]\\nExecStart=\\nExecStart=/usr/local/bin/testapp start --home=${home} --evnode.node.aggregator=true --evnode.da.address http://${addressOf('da')}:7980 --evnode.signer.passphrase_file ${passphrase} --evm.eth-url http://127.0.0.1:${port}\\n`,
  )
const client = `/opt/evha/node -e 'require("http").createServer((q, a) => a.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x1" }))).listen(8545)'`

const evmAlone: readonly World[] = [
  {
    world: 'an EVM node without its execution client',
    host: 'node-1',
    breaks: evm(8544),
    mends: withoutDropIn,
    level: 'blocks',
    says: /^its execution client at http:\/\/127\.0\.0\.1:8544 does not answer/,
    cure: /nodes\[\]\.execution\.ethUrl/,
  },
]

const evmBehind: readonly World[] = [
  {
    world: 'an EVM node whose execution client is behind',
    host: 'node-1',
    breaks: `systemd-run --quiet --unit=client ${client} && sleep 1 && ${evm(8545)}`,
    mends: `systemctl stop client && ${withoutDropIn}`,
    level: 'blocks',
    says: /^its execution client at http:\/\/127\.0\.0\.1:8545 is at block 1, behind the node's \d+$/,
    cure: /nodes\[\]\.execution\.ethUrl/,
  },
  {
    world: 'a process that was started with other words than its unit has now',
    host: 'node-1',
    breaks: 'true',
    mends: 'true',
    level: 'warns',
    says: /^its process \d+ was started with another command line than ev-node\.service has now$/,
    cure: /systemctl cat ev-node\.service; ps -ww -fp \d+/,
  },
]

/** Worlds that one `evha check` tells together. */
export const rounds = { ground, others, warnings, evmAlone, evmBehind } as const

/** A world that hides the chain itself. */
export interface Alone extends Pick<World, 'world' | 'host' | 'breaks' | 'mends' | 'says' | 'cure'> {
  readonly code: number
}

export const alone: readonly Alone[] = [
  {
    world: 'a run of somebody else, or one that was never ended',
    host: 'node-1',
    breaks:
      'mkdir /var/lib/evha && echo "hosts-chain-old root@desk 2026-01-01T00:00:00Z" > /var/lib/evha/claim',
    mends: 'rm -r /var/lib/evha',
    code: 3,
    says: /node-1 is claimed by the run hosts-chain-old of root@desk since 2026-01-01T00:00:00Z/,
    cure: /evha abort hosts-chain-old/,
  },
  {
    world: 'several ExecStart lines',
    host: 'node-1',
    breaks: dropInOf('[Service]\\nExecStart=/bin/true\\n'),
    mends: withoutDropIn,
    code: 3,
    says: /ev-node\.service: the unit has 2 ExecStart= lines/,
    cure: /let ExecStart= run the node itself, in one line/,
  },
  {
    world: 'a wrapper script',
    host: 'node-1',
    breaks: dropInOf('[Service]\\nExecStart=\\nExecStart=/opt/run-node.sh start\\n'),
    mends: withoutDropIn,
    code: 3,
    says: /ev-node\.service: .*wrapper \(run-node\.sh\)/,
    cure: /let ExecStart= run the node itself, in one line/,
  },
  {
    world: 'a container as unit',
    host: 'node-1',
    breaks: dropInOf('[Service]\\nExecStart=\\nExecStart=/usr/bin/docker run --rm evnode start\\n'),
    mends: withoutDropIn,
    code: 3,
    says: /ev-node\.service: .*container \(docker\)/,
    cure: /let ExecStart= run the node itself, in one line/,
  },
]

/** Without it node-2 lets its operator do nothing. */
export const noSudo = {
  breaks: `mv ${operator.sudoers} /root/sudoers`,
  mends: `mv /root/sudoers ${operator.sudoers}`,
} as const

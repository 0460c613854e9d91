import { hostPort } from '../../runbook/address.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { blocks, type Finding, warns } from './finding.ts'
import type { Ground } from './ground.ts'

/** Journal of the run, staged files and old Raft directories; a Raft directory with its snapshots. */
const roomBytes = 64 * 1024 * 1024

/** What is wrong with the ground of one host. `user` is the service user, '' for root. */
export function groundFindings(spec: NodeSpec, ground: Ground, user: string, isSource: boolean): Finding[] {
  return [
    ...roomFindings(spec, ground),
    ...keyFindings(spec, ground, user, isSource),
    ...portFindings(spec, ground, isSource),
    ...unkeptClock(spec, ground),
  ]
}

/** Directories that can not be written, or have no room. */
export function roomFindings(spec: NodeSpec, ground: Ground): Finding[] {
  return [
    ...ground.readOnly.map((dir) =>
      blocks(
        spec.name,
        `${dir} can not be written`,
        'the file system is read-only, or it is not for this login',
        `mount -o remount,rw ${dir}; or name another place in the runbook`,
        `test -w ${dir} fails`,
      ),
    ),
    ...Object.entries(ground.free)
      .filter(([dir, bytes]) => bytes < roomBytes && !ground.readOnly.includes(dir))
      .map(([dir, bytes]) =>
        blocks(
          spec.name,
          `only ${bytes} bytes are free at ${dir}`,
          'a disk that fills up inside the window stops the cutover',
          `make room: at least ${roomBytes} bytes; df -h ${dir}`,
          `df -P ${dir}`,
        ),
      ),
  ]
}

function unkeptClock({ name }: NodeSpec, { ntp }: Ground): Finding[] {
  if (ntp === 'yes') return []
  return [
    warns(
      name,
      ntp === 'no' ? 'its clock is not kept by NTP' : 'whether NTP keeps its clock is not known',
      'clocks that drift apart stop the leader or its followers',
      ntp === 'no'
        ? 'timedatectl set-ntp true, and see that a time server is reached'
        : 'see that a time service runs: timedatectl; where it can not tell: systemctl status systemd-timesyncd chrony ntp',
      `timedatectl show: ${ntp === '' ? 'no answer' : `NTPSynchronized=${ntp}`}`,
    ),
  ]
}

function keyFindings(spec: NodeSpec, ground: Ground, user: string, isSource: boolean): Finding[] {
  return [
    ...openKeys(spec, ground, user),
    ...passphraseWithoutUser(spec, ground, user),
    ...ground.unreadable.map((file) => closedKey(spec, ground, user, file, isSource)),
  ]
}

function openKeys(spec: NodeSpec, ground: Ground, user: string): Finding[] {
  return Object.entries(ground.modes)
    .filter(([, mode]) => /[1-7]$|[1-7].$/.test(mode.slice(-2)))
    .map(([file, mode]) => ({
      ...warns(
        spec.name,
        `${file} has mode ${mode}`,
        'others on the host can read or change what the chain signs with',
        `chmod 600 ${file}`,
        `stat -c %a ${file}: ${mode}, its owner is ${ground.owners[file]}`,
      ),
      // The node may read it by its group: only where it owns the file, nothing can lose its way to it.
      ...(ground.owners[file] === (user === '' ? 'root' : user)
        ? { fix: { commands: [['chmod', '600', file] as const], undo: `chmod ${mode} ${file}` } }
        : {}),
    }))
}

function passphraseWithoutUser(spec: NodeSpec, ground: Ground, user: string): Finding[] {
  const file = spec.passphraseFile ?? ''
  if (file === '' || ground.userThere || ground.modes[file] === undefined) return []
  const useradd = [
    'useradd',
    '--system',
    '--home-dir',
    spec.home,
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    user,
  ] as const
  return [
    {
      ...blocks(
        spec.name,
        `the user ${user} does not exist, so ${file} can not be its own`,
        'the node could not read its passphrase',
        `${useradd.join(' ')} && chown ${user} ${file}`,
        `id -u ${user} fails`,
      ),
      fix: {
        commands: [useradd, ['chown', user, file]],
        undo: `chown ${ground.owners[file]} ${file} && userdel ${user}`,
      },
    },
  ]
}

function closedKey(spec: NodeSpec, ground: Ground, user: string, file: string, isSource: boolean): Finding {
  const [mode, owner] = [ground.modes[file], ground.owners[file]]
  return {
    ...blocks(
      spec.name,
      `${user} can not read ${file}`,
      'the node runs as that user',
      `chown ${user} ${file} && chmod 600 ${file}; its directories need the right to pass: namei -l ${file}`,
      `runuser -u ${user} -- test -r ${file} fails; its owner is ${owner}, its mode ${mode}`,
    ),
    // On the source somebody else may read it today.
    ...(isSource
      ? {}
      : {
          fix: {
            commands: [
              ['chown', user, file],
              ['chmod', '600', file],
            ],
            undo: `chown ${owner} ${file} && chmod ${mode} ${file}`,
          },
        }),
  }
}

/** The source's P2P and RPC ports are taken by the live node itself; a peer that runs is another finding. */
export function portFindings(spec: NodeSpec, ground: Ground, isSource: boolean): Finding[] {
  return takenPorts(spec.name, ground, [
    ['Raft', spec.address, spec.raftPort],
    ...(isSource || spec.p2pPort === undefined ? [] : [['P2P', spec.address, spec.p2pPort] as const]),
    ...(isSource ? [] : [['RPC', spec.rpc.host, spec.rpc.port] as const]),
  ])
}

/** Those of the wanted ports of a host on which something listens. */
export function takenPorts(
  name: string,
  ground: Pick<Ground, 'listening'>,
  wanted: readonly (readonly [what: string, host: string, port: number])[],
): Finding[] {
  return wanted
    .filter(([, host, port]) =>
      ground.listening.some((socket) => socket === `*:${port}` || socket === hostPort(host, port)),
    )
    .map(([what, host, port]) =>
      blocks(
        name,
        `something listens on ${hostPort(host, port)} already`,
        `the node needs it for ${what}`,
        `ss -ltnp 'sport = :${port}' shows what it is; end it, or name another port in the runbook`,
        '/proc/net/tcp lists a listening socket there',
      ),
    )
}

/** Two names of one host are no two hosts: it would hold two votes, and its files would be laid twice. */
export function sameHost(specs: readonly NodeSpec[], grounds: Readonly<Record<string, Ground>>): Finding[] {
  const seen = new Map<string, NodeSpec>()
  return specs.flatMap((spec) => {
    const bootId = grounds[spec.name]?.bootId ?? ''
    if (bootId === '') return []
    const found: Finding[] = []
    for (const [what, path] of [
      ['home', spec.home],
      ['unit', `${spec.paths.units}/${spec.unit}`],
      ['directory of evha', spec.paths.evha],
    ] as const) {
      const key = `${bootId} ${path}`
      const other = seen.get(key)
      if (other === undefined) seen.set(key, spec)
      else if (found.length === 0)
        found.push(
          blocks(
            spec.name,
            `it is the same host as ${other.name}, with the same ${what} (${path})`,
            'one host counted twice is no quorum, and its files would be laid over each other',
            'name another host; or, where nodes shall share a host, give each its own home, unit, rpc, ports and paths',
            `the boot id is ${bootId} on both`,
          ),
        )
    }
    return found
  })
}

import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One host of a lab: a directory that plays the root of a machine, and an address of its own. */
export interface LabHost {
  readonly name: string
  readonly dir: string
  /** 127.0.0.(10 + K) for node-K. */
  readonly address: string
  readonly ssh: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly identityFile: string
    readonly knownHostsFile: string
  }
  /** host:port. */
  readonly rpc: string
  readonly raftPort: number
  readonly p2pPort: number
  /** Of a lab of an EVM chain: the host's own execution client. */
  readonly execution?: LabExecution
}

/** An execution client of a lab, a service of its host: `ev-reth.service`. */
export interface LabExecution {
  readonly ethUrl: string
  readonly engineUrl: string
  /** Another secret on each host. */
  readonly jwtSecretFile: string
  /** Every client of the lab has the same file. */
  readonly genesisFile: string
  readonly dataDir: string
  readonly unit: string
}

/** What `lab up --json` prints. */
export interface LabInfo {
  readonly runbook: string
  readonly chain: string
  /** Directory that holds the host directories and nothing else. */
  readonly root: string
  readonly hosts: readonly LabHost[]
  readonly stateDir: string
  readonly fast: boolean
  /** Round trip between the workstation and each host, and between hosts where SSH forwards, ms. */
  readonly rttMs: number
  /** The lab's own process. */
  readonly pid: number
  readonly da: { readonly address: string; readonly namespace: string }
  /** Of an EVM chain: what its nodes are told of its clients. */
  readonly evm?: { readonly chainId: number; readonly genesisHash: string; readonly feeRecipient: string }
  /** False when EVHA_NODE_BIN gave a real node. */
  readonly standIn: boolean
}

/** The lab's own files, beside the host directories. */
export const labFiles = (stateDir: string) => {
  const dir = join(stateDir, 'lab')
  return {
    dir,
    info: join(dir, 'lab.json'),
    plan: join(dir, 'plan.json'),
    log: join(dir, 'lab.log'),
    daLog: join(dir, 'da.log'),
    ssh: join(dir, 'ssh'),
    runbook: join(dir, 'runbook.yaml'),
    root: join(dir, 'hosts'),
    // A unix socket's path has at most 107 bytes, and state directories can be long.
    socket: join(tmpdir(), `evha-lab-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}.sock`),
  }
}

/** Places inside a host's directory. */
export const hostFiles = (dir: string) => ({
  bin: join(dir, 'bin'),
  units: join(dir, 'etc', 'systemd', 'system'),
  passphrase: join(dir, 'etc', 'ev-node', 'passphrase'),
  jwt: join(dir, 'etc', 'ev-node', 'jwt.hex'),
  clientGenesis: join(dir, 'etc', 'ev-reth', 'genesis.json'),
  clientData: join(dir, 'var', 'lib', 'ev-reth'),
  home: join(dir, 'var', 'lib', 'ev-node'),
  evha: join(dir, 'var', 'lib', 'evha'),
  run: join(dir, 'run'),
  journal: join(dir, 'var', 'log', 'journal'),
  signed: join(dir, 'var', 'log', 'signed.log'),
  tmp: join(dir, 'tmp'),
})

/** The environment a process of a host lives in: its shims come first, and the mark by which `lab down` finds it. */
export function hostEnvironment(name: string, dir: string, socket: string): Record<string, string> {
  const files = hostFiles(dir)
  return {
    PATH: `${files.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: dir,
    TMPDIR: files.tmp,
    LC_ALL: 'C',
    EVHA_LAB_HOST: name,
    EVHA_LAB_SOCKET: socket,
  }
}

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type HookName, hookNames } from '../base/names.ts'
import { checkTogether } from './check-together.ts'
import { defaults } from './defaults.ts'
import { problemsOf } from './problems.ts'
import { runbookSchema, type WrittenNode, type WrittenRunbook } from './schema.ts'
import { parseSource, usage } from './source-text.ts'
import type { SshLogin } from './ssh-login.ts'
import type { HostPort } from './words.ts'

export interface NodePaths {
  /** Where systemd reads units. */
  readonly units: string
  /** evha's own directory on the host; survives a reboot. */
  readonly evha: string
  /** The same for what must die with a reboot. */
  readonly run: string
}

/** One node with every default resolved. All paths are absolute. */
export interface NodeSpec {
  readonly name: string
  readonly ssh: SshLogin
  /** The concrete address under which the others reach its Raft and P2P ports. */
  readonly address: string
  readonly binary: string
  readonly home: string
  /** With its `.service`. */
  readonly unit: string
  /** The service user, when the runbook names one; else the live unit's own. */
  readonly user?: string
  /** The database directory below `home/data` whose lock is the store's. */
  readonly db: string
  readonly passphraseFile?: string
  /** As seen from the node's own host. */
  readonly rpc: HostPort
  readonly raftDir: string
  readonly raftPort: number
  /** Absent: as the node's configuration has it. */
  readonly p2pPort?: number
  readonly paths: NodePaths
  /** What the runbook says of its execution client; absent fields are as the unit's flags have them. */
  readonly execution?: ExecutionPlace
}

export interface ExecutionPlace {
  readonly ethUrl?: string
  readonly engineUrl?: string
  /** Absolute. */
  readonly jwtSecretFile?: string
  /** Where the client keeps its data, absolute. */
  readonly dataDir?: string
  /** How the client of a peer gets near the head: led there from where it stands, or from a copy on. Absent: `follow`. */
  readonly warmUp?: 'follow' | 'copy'
  /** The client's unit, with its `.service`. */
  readonly unit?: string
  /** A directory on the source's host that holds a client's data at rest, absolute. */
  readonly copyFrom?: string
}

export interface RaftTiming {
  readonly heartbeatMs: number
  readonly electionMs: number
  readonly leaseMs: number
  readonly sendMs: number
}

/** A runbook that was read, checked and filled with its defaults. */
export interface LoadedRunbook {
  readonly path: string
  readonly text: string
  /** sha256 of the text, hex. */
  readonly digest: string
  readonly chain: string
  /** In the order of the runbook. */
  readonly nodes: readonly NodeSpec[]
  /** The live single sequencer. */
  readonly source: NodeSpec
  /** All nodes but the source. */
  readonly peers: readonly NodeSpec[]
  /** floor(n/2) + 1. */
  readonly quorum: number
  readonly raft: { readonly port: number; readonly dir: string; readonly timing: 'auto' | RaftTiming }
  readonly p2p: { readonly port?: number }
  /** What the runbook says of DA; absent fields are taken from the source's configuration. */
  readonly da: { readonly address?: string; readonly namespace?: string }
  readonly copy: {
    readonly binary: boolean
    /** Of what leaves the source while the chain runs. */
    readonly bandwidthKiBps?: number
    /** How seeds go: from host to host, through the workstation, or by how much there is to copy. */
    readonly via: 'auto' | 'direct' | 'relay'
  }
  readonly window: {
    readonly budgetSeconds: number
    readonly soakSeconds: number
    /** So long after the last heartbeat the hosts go back by themselves. */
    readonly deadManSeconds: number
  }
  readonly hooks: Hooks
  readonly staging: boolean
  /** Digest of the rehearsal that stands for this migration, or its first digits. */
  readonly rehearsal?: string
}

/** The operator's own programs on the workstation, by the point they are called at. */
export interface Hooks {
  /** Each may take so long before it is killed. */
  readonly timeoutSeconds: number
  /** Program, absolute, and its arguments. */
  readonly commands: Readonly<Partial<Record<HookName, readonly [string, ...string[]]>>>
}

/** Reads a runbook file. Throws EvhaError 'usage', one sentence with file and line, when anything is wrong. */
export function loadRunbook(path: string): LoadedRunbook {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw usage(
      `the runbook ${path} cannot be read: ${reasonOf(cause)}`,
      'give the path of a runbook; runbooks/single-to-ha.yaml is one to start from',
    )
  }
  return runbookFromText(bytes.toString('utf8'), path)
}

/** One process reads the runbook of its run, and the hosts' copies of it, several times over. */
const loadedMax = 8
const loaded = new Map<string, LoadedRunbook>()

/** The same for a text at hand; `path` is only named in messages. */
export function runbookFromText(text: string, path: string): LoadedRunbook {
  const known = loaded.get(text) ?? loadedFrom(text, path)
  if (loaded.size >= loadedMax) loaded.clear()
  loaded.set(text, known)
  return { ...known, path }
}

function loadedFrom(text: string, path: string): LoadedRunbook {
  const source = parseSource(text, path)
  const read = runbookSchema.safeParse(source.value, { reportInput: true })
  if (!read.success) {
    const [first, ...rest] = problemsOf(read.error.issues, source.value)
    if (first !== undefined) throw source.refuse([first, ...rest])
    throw usage(`${path}: ${read.error.message}`, 'mend the runbook')
  }
  const resolved = resolve(read.data, text, path)
  const [first, ...rest] = checkTogether(read.data, resolved.nodes)
  if (first !== undefined) throw source.refuse([first, ...rest])
  return { ...resolved, ...roles(resolved.nodes, read.data.source) }
}

type Resolved = Omit<LoadedRunbook, 'source' | 'peers' | 'quorum'>

function resolve(written: WrittenRunbook, text: string, path: string): Resolved {
  const raft = { ...defaults.raft, ...written.raft }
  const p2p = { ...written.p2p }
  return {
    path,
    text,
    digest: hash('sha256', text),
    chain: written.chain,
    nodes: written.nodes.map((node) => resolveNode(written, node)),
    raft,
    p2p,
    da: { ...written.da },
    copy: { ...defaults.copy, ...written.copy },
    window: { ...defaults.window, ...written.window },
    hooks: hooksOf(written.hooks),
    staging: written.staging ?? defaults.staging,
    ...(written.rehearsal === undefined ? {} : { rehearsal: written.rehearsal }),
  }
}

function resolveNode(written: WrittenRunbook, node: WrittenNode): NodeSpec {
  const raft = { ...defaults.raft, ...written.raft }
  const common = { home: defaults.home, unit: defaults.unit, rpc: defaults.rpc, ...written.node, ...node }
  const p2pPort = node.p2pPort ?? written.p2p?.port
  return {
    name: node.name,
    ssh: withHome(node.ssh),
    address: node.address,
    // Missing ones are refused by checkTogether before anybody sees the result.
    binary: common.binary ?? '',
    home: common.home,
    unit: common.unit,
    ...(common.user === undefined ? {} : { user: common.user }),
    db: common.db ?? '',
    ...(common.passphraseFile === undefined ? {} : { passphraseFile: common.passphraseFile }),
    rpc: common.rpc,
    raftDir: raft.dir.startsWith('/') ? raft.dir : `${common.home}/${raft.dir}`,
    raftPort: node.raftPort ?? raft.port,
    ...(p2pPort === undefined ? {} : { p2pPort }),
    paths: { ...defaults.paths, ...written.paths, ...written.node?.paths, ...node.paths },
    ...executionOf(written, node),
  }
}

function executionOf(written: WrittenRunbook, node: WrittenNode): Pick<NodeSpec, 'execution'> {
  const execution = { ...written.execution, ...written.node?.execution, ...node.execution }
  return Object.keys(execution).length === 0 ? {} : { execution }
}

/** `~/` is the home directory of the operator who types the command. */
function withHome(ssh: SshLogin): SshLogin {
  const { identityFile, knownHostsFile } = ssh
  return {
    ...ssh,
    ...(identityFile === undefined ? {} : { identityFile: expanded(identityFile) }),
    ...(knownHostsFile === undefined ? {} : { knownHostsFile: expanded(knownHostsFile) }),
  }
}

const expanded = (path: string): string => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : path)

function hooksOf(written: WrittenRunbook['hooks']): Hooks {
  const commands = hookNames.flatMap((name) => {
    const [program, ...words] = written?.[name] ?? []
    return program === undefined ? [] : [[name, [expanded(program), ...words]] as const]
  })
  return {
    timeoutSeconds: written?.timeoutSeconds ?? defaults.hooks.timeoutSeconds,
    commands: Object.fromEntries(commands),
  }
}

function roles(nodes: readonly NodeSpec[], name: string): Pick<LoadedRunbook, 'source' | 'peers' | 'quorum'> {
  const source = nodes.find((node) => node.name === name)
  if (source === undefined) throw usage(`source ${name} is no node`, 'name a node')
  return {
    source,
    peers: nodes.filter((node) => node !== source),
    quorum: Math.floor(nodes.length / 2) + 1,
  }
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'EACCES') return 'permission denied'
  return cause instanceof Error ? cause.message : String(cause)
}

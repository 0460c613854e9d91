import type { Document } from 'yaml'
import { Secret } from '../base/secret.ts'
import { configDocument, valueAt } from './config-text.ts'
import { durationMs } from './go-duration.ts'
import { remembering } from './remembering.ts'

export { type ConfigChanges, type ConfigValue, mergeConfig } from './config-text.ts'

/** Where a node listens for its peers when nothing else is said (evnode.md B 1.2). */
export const defaultP2pPort = 7676

export interface RaftConfig {
  readonly enable: boolean
  readonly nodeId: string
  readonly address: string
  readonly dir: string
  /** Entries `id@host:port`. */
  readonly peers: readonly string[]
  readonly heartbeatMs: number
  readonly electionMs: number
  readonly leaseMs: number
  readonly sendMs: number
}

/** What evha must know of a node's configuration. Absent keys have the node's defaults, '' where there is none. */
export interface NodeConfig {
  readonly dbPath: string
  readonly rpc: { readonly host: string; readonly port: number }
  /** A multiaddress. */
  readonly p2pListen: string
  /** undefined when the listen address names no TCP port. */
  readonly p2pPort: number | undefined
  readonly p2pPeers: readonly string[]
  readonly daAddress: string
  /** '' when it is absent: then the node picks another one at every start (evnode.md B 1.1 c). */
  readonly daNamespace: string
  readonly daDataNamespace: string
  readonly forcedInclusionNamespace: string
  readonly daAuthToken: Secret | undefined
  readonly blockTimeMs: number
  readonly lazyMode: boolean
  readonly lazyIntervalMs: number
  readonly aggregator: boolean
  readonly catchupTimeoutMs: number
  readonly promotable: boolean
  readonly basedSequencer: boolean
  readonly light: boolean
  /** 0: no limit. */
  readonly maxPending: number
  readonly signerType: string
  /** As written; relative to the node's working directory. */
  readonly signerPath: string
  readonly pruningMode: string
  readonly logFormat: string
  readonly raft: RaftConfig
}

/** Values by dotted key that stand before those of the file: flags of the node's command line (evnode.md B 1.1 f). */
export type FlagValues = Readonly<Record<string, string>>

/** Reads the text of an evnode.yaml as a node started with `flags` does. Throws EvhaError (usage). */
export const readConfig = remembering((yaml: string, flags: FlagValues = {}): NodeConfig => {
  const values = reader(configDocument(yaml), flags)
  const { text, flag, ms } = values
  const token = text('da.auth_token', '')
  const p2pListen = text('p2p.listen_address', `/ip4/0.0.0.0/tcp/${defaultP2pPort}`)
  return {
    dbPath: text('db_path', 'data'),
    rpc: hostPort(text('rpc.address', '127.0.0.1:7331')),
    p2pListen,
    p2pPort: multiaddressPort(p2pListen),
    p2pPeers: list(text('p2p.peers', '')),
    daAddress: text('da.address', ''),
    daNamespace: text('da.namespace', ''),
    daDataNamespace: text('da.data_namespace', ''),
    forcedInclusionNamespace: text('da.forced_inclusion_namespace', ''),
    daAuthToken: token === '' ? undefined : new Secret(token),
    blockTimeMs: ms('node.block_time', 1000),
    lazyMode: flag('node.lazy_mode'),
    lazyIntervalMs: ms('node.lazy_block_interval', 60_000),
    aggregator: flag('node.aggregator'),
    catchupTimeoutMs: ms('node.catchup_timeout', 0),
    promotable: flag('node.promotable'),
    basedSequencer: flag('node.based_sequencer'),
    light: flag('node.light'),
    maxPending: Number(text('node.max_pending_headers_and_data', '0')),
    signerType: text('signer.signer_type', 'file'),
    signerPath: text('signer.signer_path', 'config'),
    pruningMode: text('pruning.pruning_mode', 'disabled'),
    logFormat: text('log.format', 'text'),
    raft: raftIn(values),
  }
})

interface Reader {
  text(key: string, absent: string): string
  flag(key: string): boolean
  ms(key: string, absent: number): number
}

function reader(document: Document, flags: FlagValues): Reader {
  const text = (key: string, absent: string) => {
    const value = flags[key] ?? valueAt(document, key)
    return value === undefined ? absent : String(value)
  }
  return {
    text,
    flag: (key) => ['true', '1', 't'].includes(text(key, 'false').toLowerCase()),
    ms: (key, absent) => {
      const value = text(key, '')
      // A bare number is nanoseconds to the node.
      return value === '' ? absent : (durationMs(value) ?? Number(value) / 1e6)
    },
  }
}

function raftIn({ text, flag, ms }: Reader): RaftConfig {
  return {
    enable: flag('raft.enable'),
    nodeId: text('raft.node_id', ''),
    address: text('raft.raft_addr', ''),
    dir: text('raft.raft_dir', ''),
    peers: list(text('raft.peers', '')),
    heartbeatMs: ms('raft.heartbeat_timeout', 350),
    electionMs: ms('raft.election_timeout', 1000),
    leaseMs: ms('raft.leader_lease_timeout', 175),
    sendMs: ms('raft.send_timeout', 200),
  }
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** `host:port`, `[v6]:port` or `:port`; a host that means every address is asked on loopback. */
function hostPort(address: string): { host: string; port: number } {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? []
  const bare = host.replace(/^\[|\]$/g, '')
  const everywhere = bare === '' || bare === '0.0.0.0' || bare === '::'
  return { host: everywhere ? '127.0.0.1' : bare, port: Number(port ?? 7331) }
}

function multiaddressPort(address: string): number | undefined {
  const [, port] = /\/tcp\/(\d+)/.exec(address) ?? []
  return port === undefined ? undefined : Number(port)
}

import type { App } from './app.ts'

/** A flag of the command line, as the node's help lists it. */
export interface FlagSpec {
  readonly name: string
  readonly type: 'bool' | 'string' | 'strings' | 'duration' | 'uint' | 'int' | 'float'
  readonly text: string
}

const flag = (name: string, type: FlagSpec['type'], text: string): FlagSpec => ({ name, type, text })

const home = flag('home', 'string', 'root directory for config and data (default "$HOME/.testapp")')
const globals = [
  home,
  flag('evnode.log.format', 'string', 'log format; text, json (default "text")'),
  flag('evnode.log.level', 'string', 'log level (debug, info, warn, error) (default "info")'),
  flag('evnode.log.trace', 'bool', 'enable stack trace in error logs'),
]

/** Names, kinds and texts are the real node's (its recorded help). */
const settings = [
  flag('evnode.clear_cache', 'bool', 'clear the cache'),
  flag('evnode.da.address', 'string', 'DA address (host:port)'),
  flag('evnode.da.auth_token', 'string', 'DA auth token'),
  flag('evnode.da.batch_max_delay', 'duration', 'maximum time to wait before submitting a batch'),
  flag(
    'evnode.da.batch_min_items',
    'uint',
    'minimum number of items to accumulate before submission (default 1)',
  ),
  flag(
    'evnode.da.batch_size_threshold',
    'float',
    'batch size threshold as fraction of max blob size (0.0-1.0) (default 0.8)',
  ),
  flag(
    'evnode.da.batching_strategy',
    'string',
    'batching strategy for DA submissions (immediate, size, time, adaptive) (default "time")',
  ),
  flag('evnode.da.block_time', 'duration', 'DA chain block time (for syncing) (default 6s)'),
  flag('evnode.da.data_namespace', 'string', 'DA namespace for data submissions'),
  flag('evnode.da.forced_inclusion_namespace', 'string', 'DA namespace for forced inclusion transactions'),
  flag(
    'evnode.da.max_submit_attempts',
    'int',
    'maximum number of attempts to submit data to the DA layer before giving up (default 30)',
  ),
  flag('evnode.da.mempool_ttl', 'uint', 'number of DA blocks until transaction is dropped from the mempool'),
  flag('evnode.da.namespace', 'string', 'DA namespace for header (or blob) submissions (default: random)'),
  flag(
    'evnode.da.request_timeout',
    'duration',
    'per-request timeout when interacting with the DA layer (default 1m0s)',
  ),
  flag(
    'evnode.da.signing_addresses',
    'strings',
    'Comma-separated list of addresses for DA submissions (used in round-robin)',
  ),
  flag('evnode.da.submit_options', 'string', 'DA submit options'),
  flag('evnode.db_path', 'string', 'path for node database (default "data")'),
  flag(
    'evnode.instrumentation.max_open_connections',
    'int',
    'maximum number of simultaneous connections for metrics (default 3)',
  ),
  flag('evnode.instrumentation.pprof', 'bool', 'enable pprof HTTP endpoint'),
  flag(
    'evnode.instrumentation.pprof_listen_addr',
    'string',
    'pprof HTTP server listening address (default ":6060")',
  ),
  flag('evnode.instrumentation.prometheus', 'bool', 'enable Prometheus metrics'),
  flag(
    'evnode.instrumentation.prometheus_listen_addr',
    'string',
    'Prometheus metrics listen address (default ":26660")',
  ),
  flag('evnode.instrumentation.tracing', 'bool', 'enable OpenTelemetry tracing'),
  flag(
    'evnode.instrumentation.tracing_endpoint',
    'string',
    'OTLP endpoint for traces (host:port) (default "localhost:4318")',
  ),
  flag('evnode.instrumentation.tracing_sample_rate', 'float', 'trace sampling rate (0.0-1.0) (default 0.1)'),
  flag(
    'evnode.instrumentation.tracing_service_name',
    'string',
    'OpenTelemetry service.name (default "ev-node")',
  ),
  flag('evnode.node.aggregator', 'bool', 'run node as an aggregator'),
  flag('evnode.node.based_sequencer', 'bool', 'run node with based sequencer (requires aggregator mode)'),
  flag('evnode.node.block_time', 'duration', 'block time (for aggregator mode) (default 1s)'),
  flag(
    'evnode.node.catchup_timeout',
    'duration',
    'sync from DA and P2P before producing blocks. Value specifies time to wait for P2P catchup. Requires aggregator mode.',
  ),
  flag(
    'evnode.node.lazy_block_interval',
    'duration',
    'maximum interval between blocks in lazy aggregation mode (default 1m0s)',
  ),
  flag(
    'evnode.node.lazy_mode',
    'bool',
    'produce blocks only when transactions are available or after lazy block time',
  ),
  flag('evnode.node.light', 'bool', 'run node in light mode'),
  flag(
    'evnode.node.max_pending_headers_and_data',
    'uint',
    'maximum headers or data pending DA confirmation before pausing block production (0 for no limit)',
  ),
  flag(
    'evnode.node.promotable',
    'bool',
    'run full node with aggregator dependencies available for future promotion',
  ),
  flag(
    'evnode.node.readiness_max_blocks_behind',
    'uint',
    'how many blocks behind best-known head the node can be and still be considered ready (0 = must be at head) (default 15)',
  ),
  flag(
    'evnode.node.readiness_window_seconds',
    'uint',
    'time window in seconds for calculating readiness threshold based on block time (default: 15s) (default 15)',
  ),
  flag(
    'evnode.node.scrape_interval',
    'duration',
    'interval at which the reaper polls the execution layer for new transactions (default 1s)',
  ),
  flag('evnode.p2p.allowed_peers', 'string', 'Comma separated list of nodes to whitelist'),
  flag('evnode.p2p.blocked_peers', 'string', 'Comma separated list of nodes to ignore'),
  flag(
    'evnode.p2p.disable_connection_gater',
    'bool',
    'Disable P2P connection gater (no-op mode); set to false to enforce peer filtering when experiencing P2P flooding (default true)',
  ),
  flag(
    'evnode.p2p.listen_address',
    'string',
    'P2P listen address (host:port) (default "/ip4/0.0.0.0/tcp/7676")',
  ),
  flag('evnode.p2p.peers', 'string', 'Comma separated list of seed nodes to connect to'),
  flag(
    'evnode.pruning.pruning_interval',
    'duration',
    'interval at which pruning is performed when pruning is enabled (default 15m0s)',
  ),
  flag(
    'evnode.pruning.pruning_keep_recent',
    'uint',
    'number of most recent blocks and their metadata to retain when pruning is enabled (must be > 0) (default 100000)',
  ),
  flag(
    'evnode.pruning.pruning_mode',
    'string',
    'pruning mode for stored block data and metadata (disabled, all, metadata) (default "disabled")',
  ),
  flag('evnode.raft.bootstrap', 'bool', 'bootstrap a new static Raft cluster during initial bring-up'),
  flag(
    'evnode.raft.election_timeout',
    'duration',
    'time a candidate waits for votes before restarting election (default 1s)',
  ),
  flag('evnode.raft.enable', 'bool', 'enable Raft consensus for leader election and state replication'),
  flag(
    'evnode.raft.heartbeat_timeout',
    'duration',
    'time between leader heartbeats to followers (default 350ms)',
  ),
  flag('evnode.raft.leader_lease_timeout', 'duration', 'duration of the leader lease (default 175ms)'),
  flag('evnode.raft.node_id', 'string', 'unique identifier for this node in the Raft cluster'),
  flag('evnode.raft.peers', 'string', 'comma-separated list of peer Raft addresses (nodeID@host:port)'),
  flag('evnode.raft.raft_addr', 'string', 'address for Raft communication (host:port)'),
  flag(
    'evnode.raft.raft_dir',
    'string',
    'directory for Raft logs and snapshots (default "$HOME/.evnode/raft")',
  ),
  flag(
    'evnode.raft.send_timeout',
    'duration',
    'max duration to wait for a message to be sent to a peer (default 200ms)',
  ),
  flag('evnode.raft.snap_count', 'uint', 'number of snapshot files to retain on disk (default 3)'),
  flag(
    'evnode.raft.snapshot_threshold',
    'uint',
    'number of outstanding log entries that trigger an automatic snapshot (default 500)',
  ),
  flag('evnode.raft.trailing_logs', 'uint', 'number of log entries to retain after a snapshot (default 200)'),
  flag('evnode.rpc.address', 'string', 'RPC server address (host:port) (default "127.0.0.1:7331")'),
  flag(
    'evnode.rpc.enable_da_visualization',
    'bool',
    'enable DA visualization endpoints for monitoring blob submissions',
  ),
  flag('evnode.signer.passphrase_file', 'string', 'path to file containing the signer passphrase'),
  flag('evnode.signer.signer_path', 'string', 'path to the signer file or address (default "config")'),
  flag('evnode.signer.signer_type', 'string', 'type of signer to use (file, kms) (default "file")'),
]

const evmPlaces = [
  flag('evm.engine-url', 'string', 'URL of the Engine API endpoint (default "http://localhost:8551")'),
  flag('evm.eth-url', 'string', 'URL of the Ethereum JSON-RPC endpoint (default "http://localhost:8545")'),
  flag('evm.jwt-secret-file', 'string', 'Path to file containing the JWT secret for authentication'),
]

const ownOf: Readonly<Record<App, Readonly<Record<string, readonly FlagSpec[]>>>> = {
  testapp: {
    start: [
      flag('kv-endpoint', 'string', 'Address and port for the KV executor HTTP server'),
      flag('solo-sequencer', 'bool', 'run without a batch queue'),
    ],
    rollback: [flag('evnode.db_path', 'string', 'path for node database (default "data")')],
  },
  evm: {
    start: [
      ...evmPlaces,
      flag('evm.fee-recipient', 'string', 'Address that will receive transaction fees'),
      flag('evm.genesis-hash', 'string', 'Hash of the genesis block'),
      flag('force-inclusion-server', 'string', 'Address for force inclusion API server'),
    ],
    rollback: evmPlaces,
  },
}

const ofCommand: Readonly<Record<string, readonly FlagSpec[]>> = {
  init: [...settings, flag('chain_id', 'string', 'chain id of the new chain (default "evolve-test")')],
  start: settings,
  rollback: [
    flag('height', 'uint', 'height to roll back to; 0 is one block down'),
    flag('sync-node', 'bool', 'sync node (no aggregator)'),
  ],
  'net-info': [
    flag('evnode.rpc.address', 'string', 'RPC server address (host:port) (default "127.0.0.1:7331")'),
    flag('output', 'string', 'output format (text, json)'),
  ],
  version: [],
}

/** The flags a command takes, its own first. */
export function flagSpecs(command: string, app: App): readonly FlagSpec[] {
  return [...specsOf(command, app), ...globals]
}

const specsOf = (command: string, app: App) => [...(ofCommand[command] ?? []), ...(ownOf[app][command] ?? [])]

/** The help of a command, as cobra lays it out. */
export function usageText(command: string, app: App): string {
  const own = specsOf(command, app).map(line)
  return [
    'Usage:',
    `  ${app} ${command}${own.length > 0 ? ' [flags]' : ''}`,
    ...(command === 'start' ? ['', 'Aliases:', '  start, node, run'] : []),
    ...(own.length > 0 ? ['', 'Flags:', ...own] : []),
    '',
    'Global Flags:',
    ...globals.map(line),
    '',
  ].join('\n')
}

function line({ name, type, text }: FlagSpec): string {
  return `      ${`--${name}${type === 'bool' ? '' : ` ${type}`}`.padEnd(56)} ${text}`
}

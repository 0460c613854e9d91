import { randomInt } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Ten characters, as the node picks them for a namespace it was not given (evnode.md B 1.1 c). */
export function randomNamespace(): string {
  return Array.from({ length: 10 }, () => letters.charAt(randomInt(letters.length))).join('')
}

/** The evnode.yaml that `init` writes, comments included, as recorded from the real node. */
export function defaultConfig(home: string, raftDir: string): string {
  return `# Path inside the root directory where the database is located
db_path: data
p2p:
  # Address to listen for incoming connections (host:port)
  listen_address: /ip4/0.0.0.0/tcp/7676
  # Comma-separated list of peers to connect to
  peers: ""
  # Comma-separated list of peer IDs to block from connecting
  blocked_peers: ""
  # Comma-separated list of peer IDs to allow connections from
  allowed_peers: ""
  # Disable the P2P connection gater (no-op mode). Set to false to enforce peer filtering when experiencing P2P flooding.
  disable_connection_gater: true
node:
  # Run node in aggregator mode
  aggregator: false
  # Run full node with aggregator dependencies available for future promotion
  promotable: false
  # Run node with based sequencer (fetches transactions only from DA forced inclusion namespace). Requires aggregator mode to be enabled.
  based_sequencer: false
  # Run node in light mode
  light: false
  # Block time (duration). Examples: "500ms", "1s", "5s", "1m", "2m30s", "10m".
  block_time: 100ms
  # Maximum number of headers or data pending DA submission. When this limit is reached, the aggregator pauses block production until some headers or data are confirmed. Use 0 for no limit.
  max_pending_headers_and_data: 0
  # Enables lazy aggregation mode, where blocks are only produced when transactions are available or after LazyBlockTime. Optimizes resources by avoiding empty block creation during periods of inactivity.
  lazy_mode: false
  # Maximum interval between blocks in lazy aggregation mode (LazyAggregator). Ensures blocks are produced periodically even without transactions to keep the chain active. Generally larger than BlockTime.
  lazy_block_interval: 1m0s
  # Interval at which the reaper polls the execution layer for new transactions. Lower values reduce transaction detection latency but increase RPC load. Examples: "250ms", "500ms", "1s".
  scrape_interval: 1s
  # When set, the aggregator syncs from DA and P2P before producing blocks. Value specifies time to wait for P2P catchup. Requires aggregator mode.
  catchup_timeout: 0s
  # Time window in seconds used to calculate ReadinessMaxBlocksBehind based on block time. Default: 15 seconds.
  readiness_window_seconds: 15
  # How many blocks behind best-known head the node can be and still be considered ready. 0 means must be exactly at head.
  readiness_max_blocks_behind: 15
da:
  # Address of the data availability layer service (host:port). This is the endpoint where Rollkit will connect to submit and retrieve data.
  address: ""
  # Authentication token for the data availability layer service. Required if the DA service needs authentication.
  auth_token: ""
  # Additional options passed to the DA layer when submitting data. Format depends on the specific DA implementation being used.
  submit_options: ""
  # List of addresses to use for DA submissions. When multiple addresses are provided, they will be used in round-robin fashion to prevent sequence mismatches. Useful for high-throughput chains.
  signing_addresses: []
  # Namespace ID used when submitting blobs to the DA layer. When a DataNamespace is provided, only the header is sent to this namespace.
  namespace: ${randomNamespace()}
  # Namespace ID for submitting data to DA layer. Use this to speed-up light clients.
  data_namespace: ""
  # Namespace ID for forced inclusion transactions on the DA layer.
  forced_inclusion_namespace: ""
  # Average block time of the DA chain (duration). Determines frequency of DA layer syncing, maximum backoff time for retries, and is multiplied by MempoolTTL to calculate transaction expiration. Examples: "15s", "30s", "1m", "2m30s", "10m".
  block_time: 6s
  # Number of DA blocks after which a transaction is considered expired and dropped from the mempool. Controls retry backoff timing.
  mempool_ttl: 0
  # Maximum number of attempts to submit data to the DA layer before giving up. Higher values provide more resilience but can delay error reporting.
  max_submit_attempts: 30
  # Timeout for requests to DA layer
  request_timeout: 1m0s
  # Batching strategy for DA submissions. Options: 'immediate' (submit as soon as items are available), 'size' (wait until batch reaches size threshold), 'time' (wait for time interval), 'adaptive' (balance between size and time). Default: 'time'.
  batching_strategy: time
  # Minimum blob size threshold (as fraction of max blob size, 0.0-1.0) before submitting. Only applies to 'size' and 'adaptive' strategies. Example: 0.8 means wait until batch is 80% full. Default: 0.8.
  batch_size_threshold: 0.8
  # Maximum time to wait before submitting a batch regardless of size. Applies to 'time' and 'adaptive' strategies. Lower values reduce latency but may increase costs. Examples: "6s", "12s", "30s". Default: DA BlockTime.
  batch_max_delay: 0s
  # Minimum number of items (headers or data) to accumulate before considering submission. Helps avoid submitting single items when more are expected soon. Default: 1.
  batch_min_items: 1
rpc:
  # Address to bind the RPC server to (host:port). Default: 127.0.0.1:7331
  address: 127.0.0.1:7331
  # Enable DA visualization endpoints for monitoring blob submissions. Default: false
  enable_da_visualization: false
instrumentation:
  prometheus: false
  prometheus_listen_addr: :26660
  max_open_connections: 3
  namespace: evnode
  pprof: false
  pprof_listen_addr: :6060
  tracing: false
  tracing_endpoint: localhost:4318
  tracing_service_name: ev-node
  tracing_sample_rate: 0.1
log:
  # Log level (debug, info, warn, error)
  level: info
  # Log format (text, json)
  format: text
  # Enable stack traces in error logs
  trace: false
signer:
  # Type of remote signer to use (file, kms)
  signer_type: file
  # Path to the signer file or address
  signer_path: ${home}/config
  kms:
    provider: ""
    aws:
      key_id: ""
      region: ""
      profile: ""
      timeout: 10s
      max_retries: 3
    gcp:
      key_name: ""
      credentials_file: ""
      timeout: 10s
      max_retries: 3
raft:
  # Enable Raft consensus for leader election and state replication
  enable: false
  # Unique identifier for this node in the Raft cluster
  node_id: ""
  # Address for Raft communication (host:port)
  raft_addr: ""
  # Directory for Raft logs and snapshots
  raft_dir: ${raftDir}
  # Bootstrap a new static Raft cluster during initial bring-up
  bootstrap: false
  # Comma-separated list of peer Raft addresses (nodeID@host:port)
  peers: ""
  # Number of snapshot files to retain on disk
  snap_count: 3
  # Max duration to wait for a message to be sent to a peer
  send_timeout: 200ms
  # Time between leader heartbeats to followers
  heartbeat_timeout: 350ms
  # Duration of the leader lease
  leader_lease_timeout: 175ms
  # Time a candidate waits for votes before restarting election; must be >= heartbeat_timeout
  election_timeout: 1s
  # Number of outstanding log entries that trigger an automatic snapshot
  snapshot_threshold: 500
  # Number of log entries to retain after a snapshot (controls rejoin catch-up cost)
  trailing_logs: 200
pruning:
  # Pruning mode for stored block data and block metadata. Options: 'all' (prune all but recent blocks and their metatadas), 'metadata' (prune all but recent blocks metadatas), 'disabled' (keep all blocks and blocks metadata). Default: 'disabled'.
  pruning_mode: disabled
  # Number of most recent blocks/blocks metadata to retain when pruning is enabled. Must be > 0.
  pruning_keep_recent: 100000
  # Run pruning every N minutes. Examples: "5m", "10m", "24h".
  pruning_interval: 15m0s
`
}

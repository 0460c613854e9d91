/**
 * What lies in the data directory of an execution client besides its databases. reth: `discovery-secret`, `known-peers.json`,
 * `jwt.hex`, `reth.toml`, `db/mdbx.lck`, `db/lock`, `static_files/lock`. go-ethereum: below `geth/` `nodekey`, `nodes`, `jwtsecret`,
 * `LOCK`, and `keystore`, `geth.ipc` beside it; `chaindata/LOCK`, `ancient/chain/FLOCK`. Files that end in `.log` are not
 * among them: go-ethereum's databases have their newest writes in such ones.
 */

/** What makes a client the one it is, its secrets, its settings and its pool: each keeps its own. Names, as `find -name` takes them. */
export const ownOfClient = [
  'discovery-secret',
  'known-peers.json',
  'nodekey',
  'nodes',
  'jwt.hex',
  'jwtsecret',
  'keystore',
  '*.toml',
  'transactions.rlp',
  'txpool-transactions-backup.rlp',
] as const

/** What a running client leaves there and a new start makes anew; of another process it would be a lie. */
export const ofRunningClient = ['LOCK', 'FLOCK', 'lock', 'mdbx.lck', '*.ipc'] as const

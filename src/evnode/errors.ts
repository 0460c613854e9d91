/** What a node's last words mean. */
export interface KnownError {
  readonly cause: string
  readonly cure: string
  /** True when evha keeps a migration from running into it. */
  readonly prevented: boolean
}

type Entry = readonly [pattern: RegExp, error: KnownError]

const entry = (pattern: RegExp, cause: string, cure: string, prevented = true): Entry => [
  pattern,
  { cause, cure, prevented },
]

const neverIn = /bootstrap only works on new clusters/

/** The late joiner's loop: its Raft directory holds a term and no membership, and it exits at every start (evnode.md A3). */
export const memberNeverIn = (error: string) => neverIn.test(error)

/** Seen on the real node (evnode.md A1 to A6), or in its source (B 1 to B 9). The first pattern that fits counts. */
const known: readonly Entry[] = [
  entry(
    /local bind address is not advertisable/,
    'raft.raft_addr means every interface (0.0.0.0, [::] or only a port); the node binds and advertises the same address',
    "set raft.raft_addr to the host's own address and the Raft port",
  ),
  entry(
    /raft address is required/,
    'raft.enable is true and raft.raft_addr is empty',
    "set raft.raft_addr to the host's own address and the Raft port",
  ),
  entry(
    /duplicate peers found in config/,
    'raft.peers lists this node itself, under another spelling of its address',
    'take the node itself out of its raft.peers',
  ),
  entry(
    /found duplicate address in configuration/,
    'two members have one Raft address',
    'give every member its own address and port in raft.peers of all nodes',
  ),
  entry(
    /expecting nodeID@address for peer/,
    'an entry of raft.peers has no node id',
    'write each entry as NODE_ID@HOST:PORT',
  ),
  entry(
    /LeaderLeaseTimeout .* cannot be larger than heartbeat timeout/,
    'raft.leader_lease_timeout is above raft.heartbeat_timeout',
    'set the lease to half of the heartbeat timeout',
  ),
  entry(
    /catchup_timeout evnode\.raft\.enable\]|catchup timeout and Raft consensus are mutually exclusive/,
    'node.catchup_timeout and Raft exclude each other, even when one of the flags only switches off',
    'take catchup_timeout out of the command line and set it to 0s in evnode.yaml',
  ),
  entry(
    /promotable mode cannot be combined with Raft/,
    'node.promotable and Raft exclude each other',
    'set node.promotable to false',
  ),
  entry(
    /unknown flag: --evnode\.signer\.passphrase$/,
    'the flag for an inline passphrase was removed',
    'write the passphrase into a file only the service user reads and give --evnode.signer.passphrase_file',
  ),
  entry(
    /unknown flag: --evm\.jwt-secret$/,
    'the flag for an inline JWT secret was removed',
    'give --evm.jwt-secret-file with the path of the file',
    false,
  ),
  entry(
    /JWT secret file must be provided/,
    'the execution client can not be asked without its JWT file',
    'give --evm.jwt-secret-file with the path of the file',
    false,
  ),
  entry(
    /failed to read JWT secret from file|JWT secret file '.*' is empty|failed to decode JWT secret/,
    'the file of --evm.jwt-secret-file is not there, closed to the service user, or holds no hex',
    "lay the secret of this host's execution client there, mode 0600, owned by the service user; `evha check` asks the client with it",
    false,
  ),
  entry(
    /prevStateRoot mismatch at height/,
    'the execution client holds another state than the chain before that block; at height 0 it has another genesis',
    'initialize the client with the genesis file of the chain and let it follow anew; `evha check` compares the clients of all hosts',
    false,
  ),
  entry(
    /app hash mismatch at height/,
    'the execution client made another state of that block than the chain: another version, another fee recipient, or other data',
    'compare its version and flags with those of the other hosts, then let it follow anew',
    false,
  ),
  entry(
    /KMS returned unexpected key ID/,
    'signer.kms names the key by an alias or a short id, and the KMS answers with its ARN',
    'write the full ARN of the key',
    false,
  ),
  entry(
    /unknown flag: /,
    'this binary does not know that flag',
    'compare the binaries: all nodes must run the same one',
  ),
  entry(
    /raft config must be used in sequencer setup only/,
    'raft.enable is true on a node that is no sequencer',
    'set node.aggregator to true',
  ),
  entry(
    /failed to decrypt private key \(wrong passphrase\?\)/,
    "the passphrase does not open signer.json: a copied signer needs the sequencer's passphrase",
    "put the sequencer's passphrase into this node's passphrase file",
  ),
  entry(
    /passphrase file '.*' is empty/,
    'the passphrase file holds nothing but white space',
    "put the sequencer's passphrase into it",
  ),
  entry(
    /failed to read passphrase from file .*permission denied/,
    'the service user may not read the passphrase file',
    'give the file to the user of the service, mode 0600',
  ),
  entry(
    /failed to read passphrase from file/,
    'the passphrase file is not there',
    "lay the sequencer's passphrase there, readable for the service user only",
  ),
  entry(
    /passphrase file must be provided/,
    'the command line names no passphrase file, and evnode.yaml has no key for it',
    'give --evnode.signer.passphrase_file',
  ),
  entry(
    /key file not found at .*signer\.json|key file not found at/,
    'signer.json is not where signer.signer_path leads; a relative path follows the working directory',
    "set signer.signer_path to the absolute directory of signer.json; copy the sequencer's signer.json there",
  ),
  entry(
    /genesis file not found/,
    "the node's home has no genesis.json",
    "copy the sequencer's genesis.json, and give --home as an absolute path",
  ),
  entry(
    /DA address is required/,
    'no DA address reaches the node: da.address is absent, or an environment variable named DA hides the whole section',
    'set da.address in evnode.yaml, and take DA out of the environment of the unit',
  ),
  entry(
    /bindFlags failed: no such flag/,
    'an environment variable has the name of a setting (DB_PATH, CLEAR_CACHE, or one with dots)',
    'take it out of Environment= and of the environment files of the unit',
  ),
  entry(
    /Cannot acquire directory lock/,
    'another process holds this database: a second node on one home, or the guard that evha keeps during a cutover',
    'find the holder with `fuser -v DIRECTORY`; start nothing while a cutover is open',
  ),
  entry(
    neverIn,
    'the Raft directory was not bootstrapped before a leader existed; this node fails the same way at every start',
    'stop it, move its Raft directory aside, start it again while the others lead; one node at a time',
  ),
  entry(
    /invalid state detected .*do not match local state/,
    "this node's store is not the one the chain goes on from: it holds other blocks, or the leader started from an old copy",
    'stop all nodes before more is signed and compare the hashes of the last common heights',
  ),
  entry(
    /signed header's Header is nil/,
    'this node was elected before the cluster made its first block, which it can not survive',
    'nothing: the service starts it again; the cluster comes up within a few restarts',
    false,
  ),
  entry(
    /local state diverged from raft|block hash mismatch at height/,
    "this node's block differs from the one the cluster agreed on",
    'stop this node and compare the hashes on all nodes: one of them signed twice',
  ),
  entry(
    /local height \(\d+\) ahead of raft \(\d+\)/,
    'its Raft directory is older than its store: normal for a moment when all nodes start again, otherwise a directory that was kept too long',
    'wait for some restarts; if it stays, stop all nodes and move all Raft directories aside',
    false,
  ),
  entry(
    /store may be behind Raft consensus/,
    'its store lacks blocks that the cluster has',
    'let another node lead, and this one catch up as a follower',
    false,
  ),
  entry(
    /store still significantly behind raft state/,
    'it was elected while it lacked blocks, and gave the leadership away',
    'nothing: another node leads',
    false,
  ),
  entry(
    /leader lock lost/,
    'a leader was stopped, or lost its quorum or its link: it exits 1 by design',
    "nothing, if the service starts it again; many of these in a row mean timeouts too tight for the hosts, or, without any block, a signer.json that is not the sequencer's",
    false,
  ),
  entry(
    /does not have quorum/,
    'fewer than a majority of the members answer this leader',
    'bring the other nodes up and look at the links between the hosts',
    false,
  ),
  entry(
    /not a proposer/,
    'its signer is not the one the chain expects',
    "compare signer.json with the sequencer's: pub_key must give the chain's next proposer address",
  ),
  entry(
    /cannot assign requested address/,
    'the interface does not have the address the node shall listen on: the link is down, or the address is wrong',
    'bring the link up; the service needs StartLimitIntervalSec=0 to come back by itself',
  ),
  entry(
    /address already in use/,
    'another process listens there, or this node left its own listener open when it was elected',
    'find it with `ss -ltnp`; if it is the node itself, restart it',
    false,
  ),
  entry(
    /invalid timestamp, parent \d+ given \d+/,
    'two blocks fell into one second, which an execution client does not take; the node tries twice more, 10 s apart, then another one leads',
    'nothing: the chain goes on after 20 s at most; blocks further apart than 1 s do not meet this',
    false,
  ),
  entry(
    /Permanent block validation error/,
    "this host's clock stands behind the last block's time",
    'set the clock right (chrony or systemd-timesyncd), then restart the node',
    false,
  ),
  entry(
    /pending limit reached/,
    'too many blocks wait for DA, so no more are made',
    'see why DA takes nothing; the leader goes on by itself once the backlog shrinks',
    false,
  ),
  entry(
    /failed to broadcast: validation failed/,
    'its peers did not take what it sent: seen a few times on a healthy node, and with every block on one that signs a height again (evnode.md A5)',
    'if it comes with every block, compare the hash of that height on all nodes',
    false,
  ),
  entry(
    /cannot rollback a finalized height/,
    'blocks that DA already holds can not be taken back',
    'do not use the rollback command; `evha rollback` takes another way',
  ),
  entry(
    /GetNetInfo RPC: unavailable/,
    'the node does not run, or has no leader yet and keeps its RPC closed',
    'derive the peer id from node_key.json: `evha peer-id FILE`',
  ),
  entry(
    /is already less than or equal to rollback height 18446744073709551615/,
    'no error: a stopped store was asked for its height and changed nothing',
    'nothing: the current height in this line is the answer',
  ),
]

/** All of them, as what a line has in it and what that means. */
export const knownErrors: readonly (readonly [pattern: string, error: KnownError])[] = known.map(
  ([pattern, error]) => [pattern.source, error],
)

/** What a line of a node's output means, or undefined where nothing is known of it. */
export function explainError(line: string): KnownError | undefined {
  const text = line.trim()
  return known.find(([pattern]) => pattern.test(text))?.[1]
}

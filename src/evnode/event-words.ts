import type { LogMeaning } from './logs.ts'

/** The text of an error can be long. */
const errorLengthMax = 300

/** One event in the operator's words; null for what only matters in a row. */
export function saysOf(meaning: Exclude<LogMeaning, { kind: 'produced' | 'syncing' }>): string | null {
  switch (meaning.kind) {
    case 'initialized':
      return `opened its store at height ${meaning.height}`
    case 'shuttingDown':
      return 'was told to stop'
    case 'halted':
      return 'stopped cleanly'
    case 'shutdownTimedOut':
      return 'did not stop in time; its database was not closed'
    case 'rpcStarted':
      return `opened RPC on ${meaning.address}`
    case 'raftInitialized':
      return `came up as ${meaning.nodeId} on ${meaning.address}`
    case 'configuration':
      return meaning.index === 0
        ? 'found an empty Raft directory'
        : `found ${meaning.voters.length} members in its Raft directory: ${meaning.voters.map((voter) => voter.nodeId).join(', ')}`
    case 'bootstrapped':
      return 'bootstrapped its Raft directory'
    case 'raftStarted':
      return 'started Raft from the directory it had'
    case 'electionStarted':
      return `stood for election in term ${meaning.term}`
    case 'electionWon':
      return `won the election of term ${meaning.term}`
    case 'leading':
      return 'leads'
    case 'following':
      return 'follows'
    case 'leaderLockLost':
      return 'lost the leadership and ended (exit 1, by design)'
    case 'quorumLost':
      return 'heard too few members for a quorum'
    case 'waitingForPeers':
      return 'waited for headers of its peers before it produces (30 s at most)'
    case 'daFailed':
      return 'DA did not take what it submitted'
    case 'clientAhead':
      return `found its execution client at block ${meaning.height}, ahead of its store, and takes it back to ${meaning.target}`
    case 'clientTakenBack':
      return `took its execution client back to block ${meaning.target}`
    case 'clientBehind':
      return `found its execution client at block ${meaning.height}, behind its store, and replays up to ${meaning.target}`
    case 'clientCaughtUp':
      return `replayed ${meaning.blocks} blocks to its execution client`
    case 'fatal':
      return `ended: ${meaning.error.slice(0, errorLengthMax)}`
    case 'leaderChanged':
    case 'peerConnected':
    case 'daSubmitted':
      return null
  }
}

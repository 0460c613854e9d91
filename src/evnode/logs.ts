import { type LogLine, readLogLine } from './log-line.ts'

export interface Voter {
  readonly nodeId: string
  /** host:port of its Raft listener. */
  readonly address: string
}

/** What a line of the log says, as far as evha cares (evnode.md B 7.4). */
export type LogMeaning =
  /** The leader or the single sequencer made a block. */
  | { readonly kind: 'produced'; readonly height: number; readonly transactions: number }
  /** A follower is about to apply a block. `source` is raft, p2p or da. */
  | { readonly kind: 'syncing'; readonly height: number; readonly source: string }
  /** The store was opened at this height, by a leader or by a follower. */
  | { readonly kind: 'initialized'; readonly height: number }
  | { readonly kind: 'shuttingDown' }
  /** A clean end: everything is closed. */
  | { readonly kind: 'halted' }
  /** It did not end within its 10 s; the database was not closed (evnode.md B 7.1). */
  | { readonly kind: 'shutdownTimedOut' }
  | { readonly kind: 'rpcStarted'; readonly address: string }
  | { readonly kind: 'raftInitialized'; readonly nodeId: string; readonly address: string }
  /** The membership at the start; index 0 without voters is an empty Raft directory. */
  | { readonly kind: 'configuration'; readonly index: number; readonly voters: readonly Voter[] }
  /** The membership was written into an empty Raft directory. */
  | { readonly kind: 'bootstrapped' }
  /** Raft started with a directory that was kept. */
  | { readonly kind: 'raftStarted' }
  | { readonly kind: 'electionStarted'; readonly term: number }
  | { readonly kind: 'electionWon'; readonly term: number }
  /** The node itself was elected, or lost the leadership; it does not say so of others (seen). */
  | { readonly kind: 'leaderChanged' }
  | { readonly kind: 'leading' }
  | { readonly kind: 'following' }
  /** Leadership is gone; the process ends with exit 1. */
  | { readonly kind: 'leaderLockLost' }
  | { readonly kind: 'quorumLost' }
  /** A leader waits for its peers' headers before it produces, at most 30 s (evnode.md B 8.5). */
  | { readonly kind: 'waitingForPeers' }
  | { readonly kind: 'peerConnected'; readonly peerId: string }
  | { readonly kind: 'daSubmitted'; readonly item: string; readonly count: number }
  | { readonly kind: 'daFailed'; readonly error: string }
  /** Its execution client is ahead of its store: the node takes it back by itself, or fails (replay.go). */
  | { readonly kind: 'clientAhead'; readonly height: number; readonly target: number }
  | { readonly kind: 'clientTakenBack'; readonly target: number }
  /** Its execution client lacks blocks: the node replays them before it makes or serves one. */
  | { readonly kind: 'clientBehind'; readonly height: number; readonly target: number }
  | { readonly kind: 'clientCaughtUp'; readonly blocks: number }
  /** The end of the process, in the node's words. */
  | { readonly kind: 'fatal'; readonly error: string }

/** `atMs` is milliseconds since 1970, absent where the line carries no date. */
export type LogEvent = LogMeaning & { readonly atMs?: number }

type Reader = (line: LogLine) => LogMeaning | undefined

const whole = (text: string | undefined) => {
  const number = Number(text ?? Number.NaN)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Its message when Raft started with a directory that was kept. */
export const raftStartedText = 'raft node started with existing local state'

/** Messages that mean the same wherever they stand. */
const meanings: Readonly<Record<string, Reader>> = {
  'produced block': ({ fields }) => {
    const height = whole(fields['height'])
    return height === undefined
      ? undefined
      : { kind: 'produced', height, transactions: whole(fields['txs']) ?? 0 }
  },
  'syncing block': ({ fields }) => {
    const height = whole(fields['height'])
    // Blocks that came over Raft carry an empty source.
    return height === undefined ? undefined : { kind: 'syncing', height, source: fields['source'] || 'raft' }
  },
  'initialized state': initialized,
  'initialized syncer state': initialized,
  'shutting down node...': () => ({ kind: 'shuttingDown' }),
  'full node halted successfully': () => ({ kind: 'halted' }),
  'Started RPC server': ({ fields }) => ({ kind: 'rpcStarted', address: fields['addr'] ?? '' }),
  'initialized raft node': ({ fields }) => ({
    kind: 'raftInitialized',
    nodeId: fields['node_id'] ?? '',
    address: fields['addr'] ?? '',
  }),
  'bootstrapped raft cluster': () => ({ kind: 'bootstrapped' }),
  [raftStartedText]: () => ({ kind: 'raftStarted' }),
  'Raft leader changed notification': () => ({ kind: 'leaderChanged' }),
  'starting leader operations': () => ({ kind: 'leading' }),
  'starting follower operations': () => ({ kind: 'following' }),
  'lost leadership': () => ({ kind: 'leaderLockLost' }),
  'headers not yet available from peers, waiting to initialize header sync': () => ({
    kind: 'waitingForPeers',
  }),
  'connected to seed peer': ({ fields }) => ({ kind: 'peerConnected', peerId: fields['peer'] ?? '' }),
  'successfully submitted items to DA layer': ({ fields }) => ({
    kind: 'daSubmitted',
    item: fields['itemType'] ?? '',
    count: whole(fields['count']) ?? 0,
  }),
  'DA layer submission failed': ({ fields }) => ({ kind: 'daFailed', error: fields['error'] ?? '' }),
  'failed to submit headers': ({ fields }) => ({ kind: 'daFailed', error: fields['error'] ?? '' }),
  'execution layer ahead, attempting automatic rollback': ({ fields }) =>
    toTarget('clientAhead', fields['exec_height'], fields['target_height']),
  'execution layer rollback successful': ({ fields }) => {
    const target = whole(fields['target_height'])
    return target === undefined ? undefined : { kind: 'clientTakenBack', target }
  },
  'execution layer is behind, syncing blocks': ({ fields }) =>
    toTarget('clientBehind', fields['exec_layer_height'], fields['target_height']),
  'successfully synced execution layer': ({ fields }) => {
    const blocks = whole(fields['synced_blocks'])
    return blocks === undefined ? undefined : { kind: 'clientCaughtUp', blocks }
  },
  'recovery failed': ended,
  'node error': ended,
  'Error during shutdown': ended,
  'failed to produce block': ({ fields }) =>
    fields['error']?.includes('does not have quorum') === true ? { kind: 'quorumLost' } : undefined,
}

function toTarget(
  kind: 'clientAhead' | 'clientBehind',
  from: string | undefined,
  to: string | undefined,
): LogMeaning | undefined {
  const [height, target] = [whole(from), whole(to)]
  return height === undefined || target === undefined ? undefined : { kind, height, target }
}

function initialized({ fields }: LogLine): LogMeaning | undefined {
  const height = whole(fields['height'])
  return height === undefined ? undefined : { kind: 'initialized', height }
}

function ended({ fields }: LogLine): LogMeaning {
  return endedBy(fields['error'] ?? '')
}

function endedBy(error: string): LogMeaning {
  return error === 'leader lock lost' ? { kind: 'leaderLockLost' } : { kind: 'fatal', error }
}

/** Lines of the Raft library carry level and name inside the message. */
function raftLibrary(message: string): LogMeaning | undefined {
  const said = /^\[(\w+)\] +raft: (.*)$/.exec(message)?.[2]
  if (said === undefined) return undefined
  const [, won] = /^election won: term=(\d+)/.exec(said) ?? []
  if (won !== undefined) return { kind: 'electionWon', term: Number(won) }
  const [, term] = /^entering candidate state: .*term=(\d+)/.exec(said) ?? []
  if (term !== undefined) return { kind: 'electionStarted', term: Number(term) }
  const [, index, servers = ''] = /^initial configuration: index=(\d+) servers=(.*)$/.exec(said) ?? []
  if (index !== undefined) return { kind: 'configuration', index: Number(index), voters: votersIn(servers) }
  return said.startsWith('failed to contact quorum of nodes') ? { kind: 'quorumLost' } : undefined
}

function votersIn(servers: string): readonly Voter[] {
  return [...servers.matchAll(/Suffrage:Voter ID:(\S+) Address:([^\s}]+)\}/g)].map(
    ([, nodeId = '', address = '']) => ({ nodeId, address }),
  )
}

function plainly(message: string): LogMeaning | undefined {
  if (message.startsWith('Error: ')) return endedBy(message.slice('Error: '.length))
  if (message.includes('shutdown timeout exceeded')) return { kind: 'shutdownTimedOut' }
  return raftLibrary(message)
}

/** What a line says, or undefined where evha has no use for it. */
export function meaningOf(line: LogLine): LogMeaning | undefined {
  return Object.hasOwn(meanings, line.message) ? meanings[line.message]?.(line) : plainly(line.message)
}

/** The same from its text, with its time. */
export function eventOf(text: string): LogEvent | undefined {
  const line = readLogLine(text)
  const meaning = meaningOf(line)
  if (meaning === undefined) return undefined
  return line.atMs === undefined ? meaning : { ...meaning, atMs: line.atMs }
}

/** The events in a log, oldest first: the node's own output, or journalctl's short-iso, short-unix or cat. */
export function readLog(text: string): readonly LogEvent[] {
  return text.split('\n').flatMap((line) => eventOf(line) ?? [])
}

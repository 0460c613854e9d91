import { type Block, blockOf } from './block.ts'
import { exchange, type NoAnswer, type Open, withoutEmpty } from './exchange.ts'
import { type Json, objectOr } from './json.ts'
import {
  type ChainState,
  counterIn,
  namespacesIn,
  netInfoIn,
  type StoreHead,
  stateIn,
  storesIn,
} from './rpc-answers.ts'

export type { Open } from './exchange.ts'
export type { ChainState, StoreHead } from './rpc-answers.ts'

/**
 * What came of a question. `closed`: nobody listens, or the connection broke. `refused`: the node answered with an
 * error of its own. `garbled`: not this protocol.
 */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | Exclude<NoAnswer, { kind: 'empty' }>
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }

export type Missing = { readonly kind: 'missing' }
/** The reply was empty: what a node without Raft does when asked for its role (evnode.md A6). */
export type NoRaft = { readonly kind: 'noRaft' }

/** Questions to one node. None changes anything; each opens a stream of its own. */
export interface NodeRpc {
  state(): Promise<Answer<ChainState>>
  /** The block of a height, `missing` when the node does not have it. Height 0 is the newest. */
  block(height: number): Promise<Answer<Block> | Missing>
  storeInfo(): Promise<Answer<{ readonly header: StoreHead; readonly data: StoreHead }>>
  /** Namespaces of the running process: 29 bytes each, hex without 0x. */
  namespace(): Promise<Answer<{ readonly header: string; readonly data: string }>>
  /** Role in the cluster. `noRaft` proves a single sequencer only together with `live()` (evnode.md B 5.2). */
  raftNode(): Promise<Answer<{ readonly isLeader: boolean; readonly nodeId: string }> | NoRaft>
  ready(): Promise<Answer<{ readonly ready: boolean; readonly reason: string }>>
  live(): Promise<Answer<boolean>>
  /** A counter of the store: `last-submitted-header-height`, `last-submitted-data-height`, `d` (DA-included height). */
  counter(key: string): Promise<Answer<number> | Missing>
  netInfo(): Promise<Answer<{ readonly peerId: string; readonly listenAddresses: readonly string[] }>>
  /** The proposer address in the node's genesis, base64. */
  signerAddress(): Promise<Answer<string>>
}

export interface RpcOptions {
  /** For one whole question, opening included. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** The RPC of one node over streams that `open` gives (evnode.md B 5.1, B 5.2). */
export function nodeRpc(open: Open, options: RpcOptions): NodeRpc {
  const call = <T>(path: string, body: Json, read: (answer: Json) => T | undefined) =>
    ask(open, options, path, body, read)
  return {
    state: async () => known(await call('StoreService/GetState', {}, stateIn)),
    block: (height) => call('StoreService/GetBlock', { height: String(height) }, blockOf),
    storeInfo: async () => known(await call('StoreService/GetP2PStoreInfo', {}, storesIn)),
    namespace: async () => known(await call('ConfigService/GetNamespace', {}, namespacesIn)),
    counter: (key) => call('StoreService/GetMetadata', { key }, counterIn),
    netInfo: async () => known(await call('P2PService/GetNetInfo', {}, netInfoIn)),
    signerAddress: async () =>
      known(
        await call('ConfigService/GetSignerInfo', {}, ({ address }) =>
          typeof address === 'string' ? address : undefined,
        ),
      ),
    raftNode: () => raftNode(open, options),
    ready: () => ready(open, options),
    live: async () => {
      const answer = await plain(open, options, '/health/live')
      return answer.kind === 'answer' ? { kind: 'ok', value: answer.status === 200 } : answer
    },
  }
}

async function ask<T>(
  open: Open,
  { timeoutMs, signal }: RpcOptions,
  path: string,
  body: Json,
  read: (answer: Json) => T | undefined,
): Promise<Answer<T> | Missing> {
  const answer = await exchange(open, {
    method: 'POST',
    path: `/evnode.v1.${path}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    timeoutMs,
    signal,
  })
  if (answer.kind !== 'answer') return withoutEmpty(answer)
  const parsed = objectOr(answer.body)
  if (answer.status !== 200) return refusal(answer.status, parsed, answer.body)
  const value = parsed === undefined ? undefined : read(parsed)
  if (value === undefined) return { kind: 'garbled', why: `${path} answered with something else` }
  return { kind: 'ok', value }
}

/** A missing block is HTTP 500 `internal` with the store's words in it (evnode.md A6). */
function refusal(status: number, parsed: Json | undefined, body: string): Answer<never> | Missing {
  const said = typeof parsed?.['message'] === 'string' ? parsed['message'] : body.slice(0, 200)
  if (parsed?.['code'] === 'not_found' || said.includes('datastore: key not found'))
    return { kind: 'missing' }
  return { kind: 'refused', status, message: said }
}

/** For questions about things that always exist. */
function known<T>(answer: Answer<T> | Missing): Answer<T> {
  return answer.kind === 'missing' ? { kind: 'refused', status: 500, message: 'not found' } : answer
}

async function plain(open: Open, { timeoutMs, signal }: RpcOptions, path: string) {
  const answer = await exchange(open, { method: 'GET', path, timeoutMs, signal })
  return answer.kind === 'answer' ? answer : withoutEmpty(answer)
}

async function raftNode(open: Open, { timeoutMs, signal }: RpcOptions): ReturnType<NodeRpc['raftNode']> {
  const answer = await exchange(open, { method: 'GET', path: '/raft/node', timeoutMs, signal })
  if (answer.kind === 'empty') return { kind: 'noRaft' }
  if (answer.kind !== 'answer') return answer
  const parsed = objectOr(answer.body)
  if (answer.status !== 200)
    return { kind: 'refused', status: answer.status, message: answer.body.slice(0, 200) }
  const isLeader = parsed?.['is_leader']
  const nodeId = parsed?.['node_id']
  if (typeof isLeader !== 'boolean' || typeof nodeId !== 'string') {
    return { kind: 'garbled', why: '/raft/node answered with something else' }
  }
  return { kind: 'ok', value: { isLeader, nodeId } }
}

async function ready(open: Open, options: RpcOptions): ReturnType<NodeRpc['ready']> {
  const answer = await plain(open, options, '/health/ready')
  if (answer.kind !== 'answer') return answer
  const reason = answer.body.trim().slice(0, 200)
  return { kind: 'ok', value: { ready: answer.status === 200, reason } }
}

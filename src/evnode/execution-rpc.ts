import type { Secret } from '../base/secret.ts'
import { engineToken } from './engine-token.ts'
import type { Open } from './exchange.ts'
import { isObject } from './json.ts'
import { type JsonRpcOptions, jsonRpc, type UrlTarget } from './json-rpc.ts'
import type { Answer, Missing } from './rpc.ts'

/** A block of an execution client, as far as evha compares it. Hashes are hex with 0x, in lower case. */
export interface ExecutionBlock {
  readonly number: number
  readonly hash: string
  /** The state after this block: the node's next header carries it as appHash. */
  readonly stateRoot: string
  /** Who got its fees, in lower case; '' where the client does not tell. */
  readonly feeRecipient: string
}

/** Questions to one execution client. None changes anything. */
export interface ExecutionRpc {
  /** In decimal. */
  chainId(): Promise<Answer<string>>
  version(): Promise<Answer<string>>
  /** Number of its newest block. */
  head(): Promise<Answer<number>>
  block(number: number): Promise<Answer<ExecutionBlock> | Missing>
  /** Its newest block. */
  latest(): Promise<Answer<ExecutionBlock>>
  /** Transactions that wait in its own pool: no other client has them (evnode.md B 10). */
  pool(): Promise<Answer<ExecutionPool>>
}

export interface ExecutionPool {
  /** Ready to be put into a block. */
  readonly pending: number
  /** Waiting for one of the same sender before them. */
  readonly queued: number
}

/** An answer is small: a block without its transactions. */
const bytesMax = 1024 * 1024

/** The JSON-RPC of an execution client over streams that `open` gives to host and port of its URL. */
export function executionRpc(open: Open, target: UrlTarget, limits: JsonRpcOptions): ExecutionRpc {
  const call = async <T>(
    method: string,
    params: readonly unknown[],
    read: (result: unknown) => T | undefined,
  ) => readAs(await jsonRpc(open, target, { bytesMax, ...limits }, method, params), method, read)
  return {
    chainId: () => call('eth_chainId', [], (result) => quantity(result)?.toString()),
    version: () =>
      call('web3_clientVersion', [], (result) =>
        typeof result === 'string' ? result.slice(0, 200) : undefined,
      ),
    head: () => call('eth_blockNumber', [], quantity),
    block: async (number) => {
      const answer = await call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], (result) =>
        result === null ? null : blockIn(result),
      )
      if (answer.kind !== 'ok') return answer
      return answer.value === null ? { kind: 'missing' } : { kind: 'ok', value: answer.value }
    },
    latest: () => call('eth_getBlockByNumber', ['latest', false], blockIn),
    pool: () => call('txpool_status', [], poolIn),
  }
}

/**
 * Whether the Engine API takes a token of this secret, by the question that changes nothing: which methods it knows.
 * `nowMs` is the clock of its host. `refused` with status 401 or 403: the secret is another one.
 */
export async function askEngine(
  open: Open,
  target: UrlTarget,
  secret: Secret,
  nowMs: number,
  limits: JsonRpcOptions,
): Promise<Answer<readonly string[]>> {
  const method = 'engine_exchangeCapabilities'
  const options = { bytesMax, ...limits, bearer: engineToken(secret, nowMs) }
  const answer = await jsonRpc(open, target, options, method, [['engine_forkchoiceUpdatedV3']])
  return readAs(answer, method, (result) =>
    Array.isArray(result) ? result.filter((name) => typeof name === 'string') : undefined,
  )
}

function readAs<T>(
  answer: Answer<unknown>,
  method: string,
  read: (result: unknown) => T | undefined,
): Answer<T> {
  if (answer.kind !== 'ok') return answer
  const value = read(answer.value)
  return value === undefined
    ? { kind: 'garbled', why: `${method} was answered with something else` }
    : { kind: 'ok', value }
}

function blockIn(result: unknown): ExecutionBlock | undefined {
  if (!isObject(result)) return undefined
  const number = quantity(result['number'])
  const hash = hashIn(result['hash'])
  const stateRoot = stateIn(result['stateRoot'])
  return number === undefined || hash === undefined || stateRoot === undefined
    ? undefined
    : { number, hash, stateRoot, feeRecipient: addressIn(result['miner']) }
}

const addressIn = (value: unknown) =>
  typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : ''

function poolIn(result: unknown): ExecutionPool | undefined {
  if (!isObject(result)) return undefined
  const pending = quantity(result['pending'])
  const queued = quantity(result['queued'])
  return pending === undefined || queued === undefined ? undefined : { pending, queued }
}

/** A number as JSON-RPC of Ethereum writes it: hex with 0x. */
function quantity(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value) ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

const hashIn = (value: unknown) =>
  typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined

/** 32 bytes of a real client; of an application that stands in for one, whatever its state is. */
const stateIn = (value: unknown) =>
  typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(value) ? value.toLowerCase() : undefined

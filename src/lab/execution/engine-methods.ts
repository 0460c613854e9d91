import { isObject } from '../../evnode/json.ts'
import { type Block, blockHash, hexOf, nextBlock, quantity, zeroHash } from './block.ts'
import type { Chain, Forkchoice } from './chain.ts'
import { keccak256 } from './keccak.ts'
import { type Client, type Methods, RpcError } from './methods.ts'

/** Payloads that are kept for the question that follows; a restart forgets them, as a real client does. */
const payloadsMax = 16

const invalidParams = -32602
const unknownPayload = -38001
const invalidForkchoice = -38002

/** The Engine API as the node drives it on the Prague fork: forkchoiceUpdatedV3, getPayloadV4, newPayloadV4. */
export function engineMethods(client: Client): Methods {
  const payloads = new Map<string, Block>()
  const methods: Methods = {
    engine_exchangeCapabilities: ([asked]) =>
      Array.isArray(asked) ? asked.filter((name) => Object.hasOwn(methods, String(name))) : [],
    engine_forkchoiceUpdatedV3: ([choice, attributes]) =>
      forkchoiceUpdated(client, payloads, choice, attributes),
    engine_getPayloadV4: ([id]) => {
      const block = payloads.get(String(id))
      if (block === undefined) throw new RpcError(unknownPayload, 'Unknown payload')
      return {
        executionPayload: payloadOf(block),
        blockValue: '0x0',
        blobsBundle: { commitments: [], proofs: [], blobs: [] },
        executionRequests: [],
        shouldOverrideBuilder: false,
      }
    },
    engine_newPayloadV4: ([payload]) => newPayload(client, payload),
  }
  return methods
}

function forkchoiceUpdated(
  client: Client,
  payloads: Map<string, Block>,
  given: unknown,
  attributes: unknown,
): unknown {
  const { chain, pool } = client
  const choice = choiceIn(given)
  const head = chain.block(choice.head)
  if (head === undefined || chain.isPruned(head)) return answered('SYNCING', null)
  for (const hash of [choice.safe, choice.finalized])
    if (hash !== zeroHash && chain.block(hash) === undefined)
      throw new RpcError(invalidForkchoice, 'Invalid forkchoice state')
  // Told of a block of its chain before its head it says VALID and stays (reth's source); it goes back to build there.
  const stays = !isObject(attributes) && isBeforeHead(chain, head)
  chain.choose(stays ? { ...choice, head: blockHash(chain.head) } : choice)
  pool.included(head.transactions)
  const payloadId = isObject(attributes) ? build(client, payloads, head, attributes) : null
  return answered('VALID', choice.head, payloadId)
}

const isBeforeHead = (chain: Chain, block: Block) =>
  block !== chain.head && chain.at(Number(block.number)) === block

const answered = (status: string, latestValidHash: string | null, payloadId: string | null = null) => ({
  payloadStatus: { status, latestValidHash, validationError: null },
  payloadId,
})

function build(
  { chain }: Client,
  payloads: Map<string, Block>,
  parent: Block,
  attributes: Record<string, unknown>,
): string {
  const { timestamp, suggestedFeeRecipient, prevRandao, transactions, gasLimit } = attributes
  const seconds = Number(timestamp)
  // ev-reth lets blocks of one second follow each other; go-ethereum does not.
  if (!Number.isSafeInteger(seconds) || seconds < Number(parent.timestamp))
    throw new RpcError(-38003, 'Invalid payload attributes')
  const block = nextBlock({
    parent,
    timestamp: seconds,
    feeRecipient: String(suggestedFeeRecipient),
    prevRandao: String(prevRandao),
    gasLimit: gasLimit === undefined ? chain.genesis.gasLimit : quantity(Number(gasLimit)),
    transactions: Array.isArray(transactions) ? transactions.map((one) => String(one).toLowerCase()) : [],
  })
  const id = hexOf(keccak256(Buffer.from(JSON.stringify(attributes) + blockHash(parent)))).slice(0, 18)
  payloads.set(id, block)
  for (const [oldest] of payloads) {
    if (payloads.size <= payloadsMax) break
    payloads.delete(oldest)
  }
  return id
}

/** Executes a block on the one it names as its parent, and holds the outcome against what it claims. */
function newPayload({ chain }: Client, payload: unknown): unknown {
  if (!isObject(payload)) throw new RpcError(invalidParams, 'Invalid params')
  const parent = chain.block(String(payload['parentHash']))
  if (parent === undefined) return { status: 'SYNCING', latestValidHash: null, validationError: null }
  const { transactions } = payload
  const block = nextBlock({
    parent,
    timestamp: Number(payload['timestamp']),
    feeRecipient: String(payload['feeRecipient']),
    prevRandao: String(payload['prevRandao']),
    gasLimit: String(payload['gasLimit']),
    transactions: Array.isArray(transactions) ? transactions.map(String) : [],
  })
  if (blockHash(block) !== payload['blockHash'])
    return {
      status: 'INVALID',
      latestValidHash: blockHash(parent),
      validationError: `block hash mismatch: want ${String(payload['blockHash'])}, got ${blockHash(block)}`,
    }
  chain.add(block)
  return { status: 'VALID', latestValidHash: blockHash(block), validationError: null }
}

function payloadOf(block: Block): unknown {
  const { number, transactions, ...rest } = block
  return {
    ...rest,
    blockNumber: number,
    receiptsRoot: zeroHash,
    logsBloom: `0x${'0'.repeat(512)}`,
    extraData: '0x',
    baseFeePerGas: '0x7',
    blockHash: blockHash(block),
    transactions,
    withdrawals: [],
    blobGasUsed: '0x0',
    excessBlobGas: '0x0',
  }
}

function choiceIn(given: unknown): Forkchoice {
  if (!isObject(given)) throw new RpcError(invalidParams, 'Invalid params')
  const hash = (name: string) => String(given[name]).toLowerCase()
  return { head: hash('headBlockHash'), safe: hash('safeBlockHash'), finalized: hash('finalizedBlockHash') }
}

import { isObject } from '../../../src/evnode/json.ts'
import type { ClientProcess } from './client.ts'

const zero = `0x${'0'.repeat(64)}`

/** One block on the head, or on another one of its blocks, as a node makes it. */
export async function makeBlock(
  client: ClientProcess,
  wish: { timestamp: number; transactions?: string[]; feeRecipient?: string; parent?: unknown },
) {
  const head = wish.parent ?? (await client.hashAt(await client.height()))
  const choice = { headBlockHash: head, safeBlockHash: zero, finalizedBlockHash: zero }
  const attributes = {
    timestamp: wish.timestamp,
    prevRandao: zero,
    suggestedFeeRecipient: wish.feeRecipient ?? `0x${'1'.repeat(40)}`,
    withdrawals: [],
    transactions: wish.transactions ?? [],
    gasLimit: 30_000_000,
  }
  const begun = await client.engine('engine_forkchoiceUpdatedV3', [choice, attributes])
  const envelope = await client.engine('engine_getPayloadV4', [isObject(begun) ? begun['payloadId'] : ''])
  const payload =
    isObject(envelope) && isObject(envelope['executionPayload']) ? envelope['executionPayload'] : {}
  const taken = await client.engine('engine_newPayloadV4', [payload, [], zero, []])
  if (!isObject(taken) || taken['status'] !== 'VALID') throw new Error(JSON.stringify(taken))
  const chosen = { ...choice, headBlockHash: payload['blockHash'] }
  await client.engine('engine_forkchoiceUpdatedV3', [chosen, null])
  return payload
}

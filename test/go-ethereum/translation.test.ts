import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { isObject } from '../../src/evnode/json.ts'
import { RpcError } from '../../src/lab/execution/methods.ts'
import type { Exchange } from './proxy.ts'
import { type Call, Translation } from './translation.ts'

// go-ethereum 1.17.5 behind this proxy, written down by its `--record`.
const file = resolve(import.meta.dirname, '..', 'fixtures', 'go-ethereum', 'exchanges.json')
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly Exchange[]>

/** go-ethereum as it answered then, asked for the same in the same order. */
function goEthereum(name: string): { call: Call; left: Exchange[] } {
  const left = [...(recorded[name] ?? [])]
  const call: Call = async (method, params) => {
    const next = left.shift()
    expect({ method, params }).toEqual({ method: next?.method, params: next?.params })
    const answer = isObject(next?.answer) ? next.answer : {}
    const { error } = answer
    if (isObject(error)) throw new RpcError(Number(error['code']), String(error['message']))
    return answer['result']
  }
  return { call, left }
}

/** What the node says to build on `parent`, in its own way of writing it. */
function wish(parent: string, height: number, transactions: readonly string[]) {
  const finalized = recorded['block']?.[0]?.params[0]
  return [
    {
      ...(isObject(finalized) ? finalized : {}),
      headBlockHash: parent,
    },
    {
      timestamp: 1_000 + height,
      prevRandao: `0x${height.toString(16).padStart(64, '0')}`,
      suggestedFeeRecipient: '0x00000000000000000000000000000000000000fe',
      withdrawals: [],
      parentBeaconBlockRoot: `0x${'0'.repeat(64)}`,
      transactions,
      gasLimit: 30_000_000,
      slotNumber: '0x1',
    },
  ]
}

const of = (name: string, at: number, method: string): Exchange => {
  const found = recorded[name]?.filter((one) => one.method === method)[at]
  if (found === undefined) throw new Error(`${name}: ${method} was not recorded`)
  return found
}
const resultOf = ({ answer }: Exchange) => (isObject(answer) ? answer['result'] : undefined)
const transactionsOf = (one: Exchange) => one.params[2] as string[]

test('a block is built of the very transactions that the node names, and given to it when it fetches it', async () => {
  const { call, left } = goEthereum('block')
  const built = of('block', 0, 'testing_buildBlockV1')
  const translation = new Translation(call)
  const [choice, attributes] = wish(String(built.params[0]), 1, transactionsOf(built))
  const chosen = await translation.engine('engine_forkchoiceUpdatedV3', [choice, attributes], call)
  expect(chosen).toMatchObject({ payloadStatus: { status: 'VALID' } })
  const id = isObject(chosen) ? chosen['payloadId'] : undefined
  expect(id).toMatch(/^0x[0-9a-f]{16}$/)
  const fetched = await translation.engine('engine_getPayloadV4', [id], call)
  expect(fetched).toEqual(resultOf(built))
  expect(fetched).toMatchObject({ executionPayload: { transactions: transactionsOf(built) } })
  const taken = of('block', 0, 'engine_newPayloadV4')
  expect(await translation.engine(taken.method, taken.params, call)).toMatchObject({ status: 'VALID' })
  expect(left).toEqual([])
})

test('a transaction that is in a block already is left out of the next', async () => {
  const { call, left } = goEthereum('spent')
  const first = of('spent', 0, 'testing_buildBlockV1')
  const [choice, attributes] = wish(String(first.params[0]), 2, transactionsOf(first))
  const translation = new Translation(call)
  const chosen = await translation.engine('engine_forkchoiceUpdatedV3', [choice, attributes], call)
  const fetched = await translation.engine(
    'engine_getPayloadV4',
    [isObject(chosen) ? chosen['payloadId'] : ''],
    async () => '0x4d2',
  )
  expect(fetched).toMatchObject({ executionPayload: { transactions: transactionsOf(first).slice(1) } })
  expect(left).toEqual([])
})

test('a head of a moment ago leaves the client where it is, and only says what is final', async () => {
  const { call, left } = goEthereum('stays')
  const said = of('stays', 0, 'engine_forkchoiceUpdatedV3').params[0]
  const before = of('stays', 0, 'eth_getBlockByHash').params[0]
  const choice = { ...(isObject(said) ? said : {}), headBlockHash: before }
  const chosen = await new Translation(call).engine('engine_forkchoiceUpdatedV3', [choice, null], call)
  expect(chosen).toMatchObject({ payloadStatus: { status: 'VALID', latestValidHash: before } })
  expect(left).toEqual([])
})

test('several choices at once are told one after the other', async () => {
  let under = 0
  const call: Call = async () => {
    under += 1
    await new Promise((wake) => setImmediate(wake))
    expect(under).toBe(1)
    under -= 1
    return { payloadStatus: { status: 'VALID' } }
  }
  const translation = new Translation(call)
  const one = () => translation.engine('engine_forkchoiceUpdatedV3', [{ headBlockHash: '0x1' }, null], call)
  await Promise.all([one(), one(), one()])
})

test('to build on a block that is final the client is taken back, as go-ethereum says VALID and stays', async () => {
  const { call, left } = goEthereum('back')
  const { method, params } = of('back', 0, 'engine_forkchoiceUpdatedV3')
  expect(of('back', 0, 'eth_getBlockByNumber').answer).toMatchObject({ result: { number: '0x8' } })
  const [, attributes] = wish('', 20, [])
  const chosen = await new Translation(call).engine(method, [params[0], attributes], call)
  expect(chosen).toMatchObject({ payloadStatus: { status: 'VALID' }, payloadId: expect.any(String) })
  // Among them debug_setHead to block 2.
  expect(left).toEqual([])
})

test('the pool is shown as the raw transactions that can be in the next block, in order', async () => {
  const { call, left } = goEthereum('pool')
  const waiting = await new Translation(call).eth('txpoolExt_getTxs', [])
  expect(waiting).toEqual([0, 1].map((at) => resultOf(of('pool', at, 'eth_getRawTransactionByHash'))))
  expect(left).toEqual([])
})

test('a payload that was never begun, or long ago, is unknown', async () => {
  const judged: Call = async () => '0x4d2'
  const asked = new Translation(judged).engine('engine_getPayloadV4', ['0x01'], judged)
  await expect(asked).rejects.toMatchObject({ code: -38001 })
})

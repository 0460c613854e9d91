// What go-ethereum is told instead of what a node says to ev-reth, and what the node is answered.
import { createHash } from 'node:crypto'
import { isObject } from '../../src/evnode/json.ts'
import { RpcError } from '../../src/lab/execution/methods.ts'

/** One question of JSON-RPC; rejects with RpcError, or with whatever else keeps it from being answered. */
export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>

type Attributes = Readonly<Record<string, unknown>>

/** Blocks that are kept until the node fetches them. */
const payloadsMax = 16
/** So many waiting transactions are handed to the node at once. */
const transactionsMax = 1_000
const unknownPayload = -38001

/**
 * ev-reth's side of one client. ev-reth builds a block of the very transactions that the node names, on any block of its
 * chain, and shows its pool; go-ethereum does each of these in another way.
 */
export class Translation {
  readonly #eth: Call
  readonly #payloads = new Map<string, unknown>()
  #last: Promise<unknown> = Promise.resolve()

  /** `eth` asks go-ethereum where no token is needed: `eth`, `txpool`, `debug` and `testing`. */
  constructor(eth: Call) {
    this.#eth = eth
  }

  /** Answers what a node asks at the Engine API; `engine` asks go-ethereum there with the node's own token. */
  async engine(method: string, params: readonly unknown[], engine: Call): Promise<unknown> {
    switch (method) {
      case 'engine_forkchoiceUpdatedV3':
        return this.#forkchoice(params, engine)
      case 'engine_getPayloadV4':
        // The block is kept here, but the token is judged there.
        await engine('eth_chainId', [])
        return this.#payload(String(params[0]))
      default:
        return engine(method, params)
    }
  }

  /** Answers what anybody asks. */
  async eth(method: string, params: readonly unknown[]): Promise<unknown> {
    return method === 'txpoolExt_getTxs' ? this.#waiting() : this.#eth(method, params)
  }

  /** One after the other: each looks first where the client stands, and a node sends several at once. */
  #forkchoice([choice, attributes]: readonly unknown[], engine: Call): Promise<unknown> {
    const inTurn = this.#last.then(() =>
      isObject(attributes) ? this.#begin(choice, attributes, engine) : this.#choose(choice, engine),
    )
    this.#last = inTurn.catch(() => undefined)
    return inTurn
  }

  async #begin(choice: unknown, attributes: Attributes, engine: Call): Promise<unknown> {
    const chosen = await this.#goTo(choice, engine)
    if (!isValid(chosen) || !isObject(chosen)) return chosen
    const head = isObject(choice) ? String(choice['headBlockHash']) : ''
    const payloadId = `0x${digest(JSON.stringify([head, attributes])).slice(0, 16)}`
    this.#keep(payloadId, await this.#build(head, attributes))
    return { ...chosen, payloadId }
  }

  /**
   * To a block of its chain before its head ev-reth says VALID and stays, and go-ethereum goes there: it would, each time the
   * node says with a head of a moment ago what has become final.
   */
  async #choose(choice: unknown, engine: Call): Promise<unknown> {
    const wanted = isObject(choice) ? choice['headBlockHash'] : undefined
    const latest = await this.#eth('eth_getBlockByNumber', ['latest', false])
    const stay = isObject(latest) && latest['hash'] !== wanted && (await this.#isOnChain(wanted))
    if (!isObject(choice) || !isObject(latest) || !stay)
      return engine('engine_forkchoiceUpdatedV3', [choice, null])
    const stays = await engine('engine_forkchoiceUpdatedV3', [
      { ...choice, headBlockHash: latest['hash'] },
      null,
    ])
    if (!isObject(stays) || !isObject(stays['payloadStatus']) || !isValid(stays)) return stays
    return { ...stays, payloadStatus: { ...stays['payloadStatus'], latestValidHash: wanted } }
  }

  async #isOnChain(hash: unknown): Promise<boolean> {
    const block = await this.#eth('eth_getBlockByHash', [hash, false])
    if (!isObject(block)) return false
    const there = await this.#eth('eth_getBlockByNumber', [block['number'], false])
    return isObject(there) && there['hash'] === hash
  }

  /** To build on a block that is final go-ethereum says VALID, and does not go there. */
  async #goTo(choice: unknown, engine: Call): Promise<unknown> {
    const chosen = await engine('engine_forkchoiceUpdatedV3', [choice, null])
    if (!isObject(choice) || !isValid(chosen)) return chosen
    const wanted = choice['headBlockHash']
    const latest = await this.#eth('eth_getBlockByNumber', ['latest', false])
    if (isObject(latest) && latest['hash'] === wanted) return chosen
    const block = await this.#eth('eth_getBlockByHash', [wanted, false])
    if (!isObject(block)) return chosen
    await this.#eth('debug_setHead', [block['number']])
    return engine('engine_forkchoiceUpdatedV3', [choice, null])
  }

  /** The block of these transactions; one that can not be executed is left out, as the pool may show what a block has already. */
  async #build(parent: string, attributes: Attributes): Promise<unknown> {
    const { timestamp, transactions, gasLimit: _, slotNumber: __, ...known } = attributes
    const wanted = Array.isArray(transactions) ? transactions : []
    const build = (of: readonly unknown[]) =>
      this.#eth('testing_buildBlockV1', [parent, { ...known, timestamp: hex(timestamp) }, of, '0x'])
    try {
      return await build(wanted)
    } catch (thrown) {
      if (!(thrown instanceof RpcError) || wanted.length === 0) throw thrown
    }
    const good: unknown[] = []
    for (const transaction of wanted) {
      const fits = await build([...good, transaction]).then(
        () => true,
        () => false,
      )
      if (fits) good.push(transaction)
    }
    return build(good)
  }

  #keep(id: string, payload: unknown): void {
    this.#payloads.set(id, payload)
    for (const [oldest] of this.#payloads) {
      if (this.#payloads.size <= payloadsMax) break
      this.#payloads.delete(oldest)
    }
  }

  #payload(id: string): unknown {
    const payload = this.#payloads.get(id)
    if (payload === undefined) throw new RpcError(unknownPayload, 'Unknown payload')
    return payload
  }

  /** The transactions that could be in the next block, each sender's in their order. */
  async #waiting(): Promise<readonly unknown[]> {
    const content = await this.#eth('txpool_content', [])
    const pending = isObject(content) && isObject(content['pending']) ? content['pending'] : {}
    const hashes = Object.values(pending).flatMap((ofSender) =>
      Object.entries(isObject(ofSender) ? ofSender : {})
        .sort(([one], [other]) => Number(one) - Number(other))
        .flatMap(([, transaction]) => (isObject(transaction) ? [transaction['hash']] : [])),
    )
    const raw = await Promise.all(
      hashes.slice(0, transactionsMax).map((hash) => this.#eth('eth_getRawTransactionByHash', [hash])),
    )
    // One that came into a block meanwhile is no longer waiting.
    return raw.filter((one) => typeof one === 'string' && one.length > 2)
  }
}

const isValid = (answer: unknown) =>
  isObject(answer) && isObject(answer['payloadStatus']) && answer['payloadStatus']['status'] === 'VALID'

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

/** The node writes whole numbers where the Engine API has them in hex. */
const hex = (value: unknown) => (typeof value === 'number' ? `0x${value.toString(16)}` : value)

import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '../../../evnode/json.ts'
import type { Logger } from '../logger.ts'
import type { ClientFlags } from './client-flags.ts'
import { ClientError, call } from './client-rpc.ts'

/** A status other than VALID is asked for so often, with a pause that doubles. */
const statusTries = 3
const firstPauseMs = 1_000
/** Safe and finalized stay so many blocks behind the head. */
const safeLag = 2
const finalizedLag = 3

/** A block of the client. */
export interface ClientBlock {
  readonly number: number
  readonly hash: string
  /** Hex with 0x. */
  readonly stateRoot: string
  readonly gasLimit: number
  /** Whole seconds. */
  readonly timestamp: number
}

export interface BlockWish {
  readonly height: number
  /** Whole seconds. */
  readonly timestamp: number
  /** Hex with 0x. */
  readonly transactions: readonly string[]
  /** State before it, hex with 0x; '' is not compared. */
  readonly stateRoot: string
}

/**
 * The node's side of the Engine API, call by call as the real one makes them (its execution/evm/execution.go): the head
 * is set on the parent with the attributes of the block, the payload is fetched, given back, and made the head.
 * Throws ClientError in its words. Its note of what it has executed before is left out: the client's block tells the same.
 */
export class EngineClient {
  readonly #flags: ClientFlags
  readonly #log: Logger
  readonly #speed: number
  #safe: string
  #finalized: string

  constructor(flags: ClientFlags, log: Logger, speed: number) {
    this.#flags = flags
    this.#log = log
    this.#speed = speed
    this.#safe = flags.genesisHash
    this.#finalized = flags.genesisHash
  }

  /** Tells the client where the chain begins; its state there, hex. */
  async init(): Promise<string> {
    const { genesisHash } = this.#flags
    await this.#forkchoice(
      'InitChain',
      { head: genesisHash, safe: genesisHash, finalized: genesisHash },
      null,
    )
    return (await this.#info(0)).stateRoot
  }

  async latest(): Promise<ClientBlock> {
    const block = await this.#block('latest').catch((thrown: unknown) => {
      throw new ClientError(`failed to get latest block: ${textOf(thrown)}`)
    })
    return block
  }

  /** Transactions that wait in the client. */
  async transactions(): Promise<readonly string[]> {
    const found = await call(this.#flags.ethUrl, 'txpoolExt_getTxs', [])
    return Array.isArray(found) ? found.map(String) : []
  }

  /** The state after the block, hex. */
  async execute({ height, timestamp, transactions, stateRoot }: BlockWish): Promise<string> {
    const done = await this.#executed(height, timestamp)
    if (done !== undefined) return done.stateRoot
    const parent = await this.#info(height - 1)
    if (stateRoot !== '' && stateRoot !== parent.stateRoot)
      throw new ClientError(
        `prevStateRoot mismatch at height ${height - 1}: consensus=${stateRoot.slice(2)} execution=${parent.stateRoot.slice(2)}`,
      )
    const payloadId = await this.#forkchoice(
      'ExecuteTxs forkchoice',
      { head: parent.hash, safe: this.#safe, finalized: this.#finalized },
      {
        timestamp,
        prevRandao: `0x${height.toString(16).padStart(64, '0')}`,
        suggestedFeeRecipient: this.#flags.feeRecipient,
        withdrawals: [],
        parentBeaconBlockRoot: `0x${'0'.repeat(64)}`,
        transactions,
        gasLimit: parent.gasLimit,
      },
    )
    return await this.#process(payloadId)
  }

  /** Takes the client's head back. */
  async rollBackTo(height: number): Promise<void> {
    const block = await this.#info(height)
    this.#log.info('rolling back execution layer via forkchoice update', {
      target_height: height,
      block_hash: block.hash,
    })
    this.#safe = block.hash
    this.#finalized = block.hash
    await this.#forkchoice('Rollback', { head: block.hash, safe: block.hash, finalized: block.hash }, null)
    this.#log.info('execution layer rollback completed', { target_height: height })
  }

  /** The block of that height and time, where the client has it already; one of another time is taken back. */
  async #executed(height: number, timestamp: number): Promise<ClientBlock | undefined> {
    const existing = await this.#info(height).catch(() => undefined)
    if (existing === undefined) return undefined
    if (existing.timestamp === timestamp) {
      this.#log.info('ExecuteTxs: reusing existing block at height (EL idempotency)', {
        height,
        blockHash: existing.hash,
        stateRoot: existing.stateRoot,
      })
      await this.#forkchoice(
        'setHead',
        { head: existing.hash, safe: this.#safe, finalized: this.#finalized },
        null,
      ).catch((thrown: unknown) =>
        this.#log.warn('ExecuteTxs: failed to update head to existing block', { error: textOf(thrown) }),
      )
      return existing
    }
    this.#log.warn('ExecuteTxs: block exists at height but timestamp differs - rolling back EL to re-sync', {
      height,
      existingTimestamp: existing.timestamp,
      requestedTimestamp: timestamp,
    })
    await this.rollBackTo(height - 1)
    return undefined
  }

  async #process(payloadId: string): Promise<string> {
    const envelope = await this.#engine('engine_getPayloadV4', [payloadId]).catch((thrown: unknown) => {
      throw new ClientError(`get payload failed: engine_getPayloadV4 payload ${payloadId}: ${textOf(thrown)}`)
    })
    const payload = isObject(envelope) ? envelope['executionPayload'] : undefined
    if (!isObject(payload)) throw new ClientError("missing required field 'executionPayload'")
    await this.#untilValid('processPayload newPayload', async () => {
      const answer = await this.#engine('engine_newPayloadV4', [
        payload,
        [],
        `0x${'0'.repeat(64)}`,
        [],
      ]).catch((thrown: unknown) => {
        throw new ClientError(`new payload submission failed: ${textOf(thrown)}`)
      })
      return { status: statusOf(answer), value: '' }
    })
    const hash = String(payload['blockHash'])
    const height = Number(payload['blockNumber'])
    if (height > safeLag) this.#safe = (await this.#info(height - safeLag)).hash
    if (height > finalizedLag) this.#finalized = (await this.#info(height - finalizedLag)).hash
    await this.#forkchoice(
      'setFinal',
      { head: hash, safe: this.#safe, finalized: this.#finalized },
      null,
    ).catch((thrown: unknown) => {
      throw new ClientError(`forkchoice update failed: ${textOf(thrown)}`)
    })
    return String(payload['stateRoot'])
  }

  /** The id of the payload that is built, '' where none was wished for. */
  #forkchoice(
    what: string,
    { head, safe, finalized }: { head: string; safe: string; finalized: string },
    attributes: unknown,
  ): Promise<string> {
    const method = 'engine_forkchoiceUpdatedV3'
    return this.#untilValid(what, async () => {
      const answer = await this.#engine(method, [
        { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized },
        attributes,
      ]).catch((thrown: unknown) => {
        throw new ClientError(`forkchoice update failed: ${method} failed: ${textOf(thrown)}`)
      })
      const { payloadStatus, payloadId } = isObject(answer) ? answer : {}
      return { status: statusOf(payloadStatus), value: String(payloadId ?? '') }
    })
  }

  async #untilValid(what: string, ask: () => Promise<{ status: string; value: string }>): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const { status, value } = await ask()
      if (status === 'VALID') return value
      if (status !== 'SYNCING' && status !== 'ACCEPTED') throw new ClientError('invalid payload status')
      if (attempt === statusTries)
        throw new ClientError(`max retries (${statusTries}) exceeded for ${what}: payload syncing`)
      await sleep((firstPauseMs * 2 ** (attempt - 1)) / this.#speed)
    }
  }

  #info(height: number): Promise<ClientBlock> {
    return this.#block(`0x${height.toString(16)}`).catch((thrown: unknown) => {
      throw new ClientError(
        `failed to get block info: failed to get block at height ${height}: ${textOf(thrown)}`,
      )
    })
  }

  async #block(tag: string): Promise<ClientBlock> {
    const found = await call(this.#flags.ethUrl, 'eth_getBlockByNumber', [tag, false])
    if (!isObject(found)) throw new ClientError('not found')
    const text = (name: string) => String(found[name]).toLowerCase()
    return {
      number: Number(text('number')),
      hash: text('hash'),
      stateRoot: text('stateRoot'),
      gasLimit: Number(text('gasLimit')),
      timestamp: Number(text('timestamp')),
    }
  }

  #engine(method: string, params: readonly unknown[]): Promise<unknown> {
    return call(this.#flags.engineUrl, method, params, this.#flags.secret)
  }
}

const statusOf = (answer: unknown) => (isObject(answer) ? String(answer['status']) : '')

const textOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown))

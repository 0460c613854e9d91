import { setTimeout as sleep } from 'node:timers/promises'
import type { ChainStore } from '../chain/chain-store.ts'
import type { StandinEnvironment } from '../environment.ts'
import { doing, NodeFailure } from '../failure.ts'
import type { Logger } from '../logger.ts'
import type { ClientFlags } from './client-flags.ts'
import { EngineClient } from './engine-client.ts'
import type { Executable, Executor } from './executor.ts'

/** A block that can not be executed is tried so often before the node ends. */
const tries = 3
const retryMs = 10_000

/** An execution client as a node's executor; replay is the real node's block/internal/common/replay.go. */
export class ClientExecutor implements Executor {
  readonly executesFirst = true
  readonly #client: EngineClient
  readonly #store: ChainStore
  readonly #log: Logger
  readonly #environment: StandinEnvironment

  constructor(flags: ClientFlags, store: ChainStore, log: Logger, environment: StandinEnvironment) {
    this.#client = new EngineClient(flags, log.of('engine_client'), environment.speed)
    this.#store = store
    this.#log = log
    this.#environment = environment
  }

  async init(): Promise<string> {
    return base64(await this.#client.init())
  }

  async execute(block: Executable): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(block)
      } catch (thrown) {
        const error = textOf(thrown)
        if (attempt === tries) throw new NodeFailure(`failed to execute transactions: ${error}`)
        this.#log.of('executor').error('failed to execute transactions, retrying', {
          error,
          attempt,
          max_attempts: tries,
          height: block.height,
        })
        await sleep(retryMs / this.#environment.speed)
      }
    }
  }

  async transactions(): Promise<readonly Buffer[]> {
    return (await this.#client.transactions()).map((text) => Buffer.from(text.slice(2), 'hex'))
  }

  async syncTo(target: number, stop: AbortSignal): Promise<void> {
    if (target === 0) return
    const log = this.#log.of('executor').of('execution_replayer')
    const { number } = await doing('failed to get execution layer height', this.#client.latest())
    const heights = { target_height: target, exec_layer_height: number }
    log.info('execution layer height check', heights)
    if (number > target) {
      log.warn('execution layer ahead, attempting automatic rollback', {
        exec_height: number,
        target_height: target,
      })
      await doing(
        `failed to rollback execution layer from ${number} to ${target}`,
        this.#client.rollBackTo(target),
      )
      log.info('execution layer rollback successful', { target_height: target })
      return
    }
    if (number === target) {
      log.info('execution layer is in sync')
      return
    }
    log.info('execution layer is behind, syncing blocks', { ...heights, blocks_to_sync: target - number })
    if (this.#store.block(target) === undefined)
      throw new NodeFailure(
        `cannot sync to height ${target}: block not found in store (store may be behind Raft consensus): datastore: key not found`,
      )
    for (let height = number + 1; height <= target && !stop.aborted; height += 1) {
      log.info('replaying block to execution layer', { height })
      await doing(`failed to replay block ${height} to execution layer`, this.#replay(height))
      log.info('successfully replayed block to execution layer', { height })
      await sleep(this.#environment.replayMs, undefined, { signal: stop }).catch(() => {})
    }
    if (!stop.aborted) log.info('successfully synced execution layer', { synced_blocks: target - number })
  }

  end(): void {}

  async #replay(height: number): Promise<void> {
    const block = this.#store.block(height)
    if (block === undefined)
      throw new NodeFailure(
        'failed to get block data from store: load block header: datastore: key not found',
      )
    const { timeNs, appHash } = block.header
    const { transactions } = block
    const got = await doing(
      'failed to execute transactions',
      this.#once({ height, timeNs, appHash, transactions }),
    )
    const expected = this.#store.block(height + 1)?.header.appHash ?? this.#store.head.appHash
    if (got === expected) return
    const error = `app hash mismatch at height ${height}: expected ${digits(expected)} got ${digits(got)}`
    this.#log
      .of('executor')
      .of('execution_replayer')
      .error('app hash mismatch during replay', {
        expected: digits(expected),
        got: digits(got),
        height,
        error,
      })
    throw new NodeFailure(error)
  }

  async #once({ height, timeNs, transactions, appHash }: Executable): Promise<string> {
    const stateRoot = await this.#client.execute({
      height,
      timestamp: Number(BigInt(timeNs) / 1_000_000_000n),
      transactions: transactions.map((one) => `0x${digits(one)}`),
      stateRoot: appHash === '' ? '' : `0x${digits(appHash)}`,
    })
    return base64(stateRoot)
  }
}

const textOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown))
const base64 = (hex: string) => Buffer.from(hex.slice(2), 'hex').toString('base64')
const digits = (text: string) => Buffer.from(text, 'base64').toString('hex')

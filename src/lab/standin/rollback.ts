import { join } from 'node:path'
import { ChainStore } from './chain/chain-store.ts'
import type { StandinEnvironment } from './environment.ts'
import { clientFlags } from './execution/client-flags.ts'
import { EngineClient } from './execution/engine-client.ts'
import { doing, NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { Logger } from './logger.ts'
import { loadSettings } from './settings.ts'

/**
 * `rollback`: takes blocks back; without `--height` one block (evnode.md B 4). A height the store does not exceed is
 * refused before any write, and tells the store's height: the offline trick (evnode.md B 5.4). Throws NodeFailure.
 */
export async function rollback(flags: Flags, environment: StandinEnvironment): Promise<void> {
  const { dataDir } = loadSettings(flags, environment)
  const store = new ChainStore(join(dataDir, environment.db))
  try {
    const current = BigInt(store.head.height)
    const asked = BigInt(flags.given.get('height') ?? '0')
    const target = asked === 0n ? current - 1n : asked
    const failed = (why: string) => new NodeFailure(`failed to rollback ev-node state: ${why}`)
    if (current <= target)
      throw failed(`current height ${current} is already less than or equal to rollback height ${target}`)
    if (target < 0n) throw failed('there is no block to take back')
    if (target < BigInt(store.counter('d') ?? 0) && flags.given.get('sync-node') !== 'true')
      throw failed(
        'DA included height is greater than the rollback height: cannot rollback a finalized height',
      )
    store.rollBackTo(Number(target))
    if (environment.app === 'evm') await rollBackClient(flags, environment, Number(target))
  } finally {
    store.close()
  }
}

/** The evm application takes its client back too, by the same flags; without them only the store (its cmd/rollback.go). */
async function rollBackClient(flags: Flags, { speed }: StandinEnvironment, target: number): Promise<void> {
  let client: EngineClient
  try {
    const write = (line: string) => process.stderr.write(line)
    client = new EngineClient(clientFlags(flags), new Logger({ format: 'text', level: 'info', write }), speed)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    process.stderr.write(`Warning: failed to create engine client, skipping EL rollback: ${why}\n`)
    return
  }
  await doing('failed to rollback execution layer', client.rollBackTo(target))
  process.stderr.write(`Rolled back execution layer to height ${target}\n`)
}

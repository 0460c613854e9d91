import { join } from 'node:path'
import { ChainStore } from './chain/chain-store.ts'
import type { StandinEnvironment } from './environment.ts'
import { NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { loadSettings } from './settings.ts'

/**
 * `rollback`: takes blocks back; without `--height` one block (evnode.md B 4). A height the store does not exceed is
 * refused before any write, and tells the store's height: the offline trick (evnode.md B 5.4). Throws NodeFailure.
 */
export function rollback(flags: Flags, environment: StandinEnvironment): void {
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
  } finally {
    store.close()
  }
}

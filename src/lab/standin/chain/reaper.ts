import { setTimeout as sleep } from 'node:timers/promises'
import type { Node } from './node.ts'

/** Transactions that were seen; the oldest are forgotten. */
const seenMax = 20_000

/** Fetches what waits in the execution client into the node's own queue, for as long as the node makes blocks. */
export async function reap(node: Node, stop: AbortSignal): Promise<void> {
  const { executor, mempool, settings, environment, log } = node
  const seen = new Set<string>()
  while (!stop.aborted && executor.executesFirst) {
    try {
      for (const transaction of await executor.transactions()) {
        const text = transaction.toString('base64')
        if (seen.has(text) || !mempool.add(transaction)) continue
        seen.add(text)
        for (const oldest of seen) {
          if (seen.size <= seenMax) break
          seen.delete(oldest)
        }
      }
    } catch (thrown) {
      const error = `failed to get txs from executor: failed to get tx pool content: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      log.of('reaper').warn('reaper error, backing off', { error })
    }
    await sleep(settings.scrapeIntervalMs / environment.speed, undefined, { signal: stop }).catch(() => {})
  }
}

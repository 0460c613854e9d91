import { setTimeout as sleep } from 'node:timers/promises'
import type { P2p } from '../p2p/p2p.ts'
import type { Node } from './node.ts'

const retriesMs = [1_000, 2_000, 4_000, 8_000, 10_000]
const waitMaxMs = 30_000

/**
 * A member asks its peers for its own newest block before it produces or follows: at once, then after 1, 2, 4, 8 and 10 s, at
 * most 30 s. It waits for nobody when no peer is linked or its store is empty (evnode.md B 8.5, B 2.1).
 */
export async function waitForPeers(node: Node, p2p: P2p, signal: AbortSignal): Promise<void> {
  const { store, log, environment } = node
  const { height } = store.head
  if (height === 0) return
  let waitedMs = 0
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const error = await askPeers(p2p, height)
    if (error === undefined) return
    const retryMs = retriesMs[Math.min(attempt, retriesMs.length - 1)] ?? waitMaxMs
    if (waitedMs + retryMs > waitMaxMs) {
      log.warn('P2P header sync initialization timed out, deferring to DA sync')
      return
    }
    for (const service of ['DataSyncService', 'HeaderSyncService'])
      log.of(service).info('headers not yet available from peers, waiting to initialize header sync', {
        error: `failed to fetch height ${height} from peers: ${error}`,
        retry_in: retryMs / environment.speed,
      })
    await sleep(retryMs / environment.speed, undefined, { signal }).catch(() => {})
    waitedMs += retryMs
  }
}

/** Why no peer gave the block; undefined when one did, or when there is none to ask. */
async function askPeers(p2p: P2p, height: number): Promise<string | undefined> {
  const peers = p2p.peerIds()
  const answers = await Promise.all(
    peers.map((id) =>
      p2p.blocksFrom(id, height, height).then(
        (blocks) => (blocks.length > 0 ? '' : 'header: not found'),
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
      ),
    ),
  )
  return peers.length === 0 || answers.includes('') ? undefined : answers[0]
}

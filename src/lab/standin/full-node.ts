import { once } from 'node:events'
import { readyToFollow } from './chain/executor-start.ts'
import type { Node } from './chain/node.ts'
import { Syncer } from './chain/syncer.ts'
import type { NodeFailure } from './failure.ts'
import { P2p } from './p2p/p2p.ts'
import { openRpc } from './rpc/open-rpc.ts'

/** A plain full node: no key, no Raft; it lays what its peers tell it, and drives its executor. Runs until the signal. */
export async function runFullNode(node: Node, stop: AbortSignal): Promise<void> {
  const { log, settings, store, genesis, environment } = node
  log.info('Starting syncing node')
  const p2p = new P2p(node)
  let fail: (failure: NodeFailure) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const syncer = new Syncer(node, p2p, fail, environment.app === 'evm' ? environment.followMs : 0)
  await p2p.listen()
  p2p.serve()
  await p2p.dial()
  const rpc = await openRpc(node, p2p, {
    daHeights: () => ({ header: 0, data: 0 }),
    role: undefined,
    ageMaxMs: settings.config.blockTimeMs * 15,
  })
  try {
    log.of('syncer').info('initialized syncer state', {
      height: store.head.height,
      da_height: 0,
      chain_id: genesis.chainId,
    })
    await readyToFollow(node, stop)
    log.of('syncer').info('syncer started')
    if (!stop.aborted) syncer.start()
    await Promise.race([failed, stop.aborted ? undefined : once(stop, 'abort')])
  } finally {
    await syncer.stop()
    rpc?.close()
    p2p.close()
  }
}

import { DaSubmitter } from './chain/da-submitter.ts'
import type { Node } from './chain/node.ts'
import { Producer } from './chain/producer.ts'
import { reap } from './chain/reaper.ts'
import { P2p } from './p2p/p2p.ts'
import { startKvEndpoint } from './rpc/kv-endpoint.ts'
import { openRpc } from './rpc/open-rpc.ts'

/** A single sequencer: nothing asks whether another one signs (evnode.md B 3). Runs until the signal. */
export async function runSingle(node: Node, stop: AbortSignal): Promise<void> {
  const { log, settings, store } = node
  const kv = await startKvEndpoint(node)
  stop.addEventListener('abort', () => log.info('leadership resigned before shutdown'), { once: true })
  log.warn('no namespaces configured, subscriber will stay idle')
  log.info('Starting aggregator node')
  log.info('restored DA inclusion cache from store', {
    header_entries: 0,
    data_entries: 0,
    da_height: store.counter('da-height') ?? 0,
  })
  const p2p = new P2p(node)
  await p2p.listen()
  p2p.serve()
  await p2p.dial()
  const submitter = new DaSubmitter(node)
  const rpc = await openRpc(node, p2p, {
    daHeights: (height) => ({ header: submitter.heightOf(height), data: submitter.heightOf(height) }),
    role: undefined,
    ageMaxMs: settings.config.blockTimeMs * 5,
  })
  const producer = new Producer(node, {
    before: () => Promise.resolve(),
    commit: () => Promise.resolve(),
    stored: (block) => p2p.announce(block),
  })
  try {
    await Promise.all([producer.run(stop), submitter.run(stop), reap(node, stop)])
  } finally {
    rpc?.close()
    kv?.close()
    p2p.close()
  }
}

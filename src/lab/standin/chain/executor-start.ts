import { doing } from '../failure.ts'
import { assertProposer, type Node } from './node.ts'

const started = 'components started with error: failed to start'

/**
 * A node that is about to make blocks learns the state it goes on from, and brings its executor there: to its store's
 * head, or to the cluster's newest block where that is further. It leads all the while. Throws NodeFailure.
 */
export async function readyToProduce(node: Node, raftHeight: number, stop: AbortSignal): Promise<void> {
  const { store, executor, genesis, log } = node
  const said = log.of('executor')
  const what = `${started} executor: failed to initialize state`
  if (store.head.height === 0) {
    said.info('initializing new blockchain state')
    store.found(await doing(`${what}: failed to initialize chain`, executor.init()))
  }
  assertProposer(node)
  said.info('initialized state', { height: store.head.height, chain_id: genesis.chainId })
  const target = Math.max(store.head.height, raftHeight)
  await doing(`${what}: failed to sync execution layer`, executor.syncTo(target, stop))
}

/** The same for a node that is about to follow; it lays no block before. Throws NodeFailure. */
export async function readyToFollow({ store, executor }: Node, stop: AbortSignal): Promise<void> {
  const what = `${started} syncer: failed to initialize syncer state`
  if (store.head.height === 0)
    store.found(await doing(`${what}: failed to initialize execution client`, executor.init()))
  await doing(`${what}: failed to sync execution layer on startup`, executor.syncTo(store.head.height, stop))
}

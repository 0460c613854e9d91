import type { Node } from '../chain/node.ts'

/** Why a node is not ready, '' when it is: its newest block must not be older than so many ms (evnode.md B 5.2). */
export function unreadyAfter({ store }: Pick<Node, 'store'>, ageMaxMs: number): () => string {
  return () => {
    if (store.head.height === 0) return 'no blocks yet'
    const ageMs = Date.now() - Number(BigInt(store.head.timeNs) / 1_000_000n)
    return ageMs <= ageMaxMs ? '' : 'aggregator not producing blocks at expected rate'
  }
}

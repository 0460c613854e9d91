import type { Node } from './chain/node.ts'
import { NodeFailure } from './failure.ts'

/** A member of a Raft cluster. */
export async function runCluster(_node: Node, _stop: AbortSignal): Promise<void> {
  throw new NodeFailure('this stand-in does not run in Raft mode yet')
}

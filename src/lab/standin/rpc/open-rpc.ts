import type { Node } from '../chain/node.ts'
import { goErrorText, NodeFailure } from '../failure.ts'
import type { P2p } from '../p2p/p2p.ts'
import { unreadyAfter } from './readiness.ts'
import type { RpcSource } from './rpc-answers.ts'
import { type RoleOf, type RpcServer, startRpc } from './rpc-server.ts'

export interface OpenRpc {
  readonly daHeights: RpcSource['daHeights']
  readonly role: RoleOf | undefined
  /** So old the newest block may be while the node says that it is ready. */
  readonly ageMaxMs: number
}

/**
 * The node's own RPC at the address of its configuration, and the line that says so. In a network of its own, where nobody
 * could ask it, there is none. Rejects with NodeFailure in the node's words when the address is taken.
 */
export async function openRpc(
  node: Node,
  p2p: P2p,
  { daHeights, role, ageMaxMs }: OpenRpc,
): Promise<RpcServer | undefined> {
  const { settings, environment, log } = node
  if (environment.privateNetwork) return undefined
  const address = settings.config.rpc
  const addr = `${address.host}:${address.port}`
  const server = await startRpc({
    address,
    source: { node, peers: () => p2p.peers(), listenAddresses: p2p.listenAddresses, daHeights },
    role,
    unready: unreadyAfter(node, ageMaxMs),
  }).catch((thrown: unknown) => {
    throw new NodeFailure(`listen tcp ${addr}: ${goErrorText(thrown)}`)
  })
  log.info('Started RPC server', { addr })
  return server
}

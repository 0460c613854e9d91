import type { Node } from './chain/node.ts'
import { NodeFailure } from './failure.ts'
import { Member } from './member.ts'
import { P2p } from './p2p/p2p.ts'
import { membersOf } from './raft/membership.ts'
import { RaftDir } from './raft/raft-dir.ts'
import { RaftNode } from './raft/raft-node.ts'
import { checkRaftSettings } from './raft/raft-settings.ts'
import { startKvEndpoint } from './rpc/kv-endpoint.ts'

/** A leader takes so long at most to hand over when it is told to stop (evnode.md B 7.1). */
const resignMs = 3_000

/** A member of a Raft cluster: runs until the signal, or until it must end. Rejects with NodeFailure in its words. */
export async function runCluster(node: Node, stop: AbortSignal): Promise<void> {
  const { settings, environment, log } = node
  const { raft: config } = settings.config
  checkRaftSettings(settings)
  const kv = await startKvEndpoint(node)
  log.warn('no namespaces configured, subscriber will stay idle')
  const self = { id: config.nodeId, address: config.address }
  const p2p = new P2p(node)
  const member = new Member(node, p2p)
  const raft = new RaftNode(
    {
      self,
      timing: config,
      dir: new RaftDir(settings.raftDir, settings.snapCount),
      snapshotThreshold: settings.snapshotThreshold,
      trailingLogs: settings.trailingLogs,
      isolated: environment.privateNetwork,
      speed: environment.speed,
      logger: log,
    },
    member,
  )
  try {
    await raft.open()
    member.join(raft)
    // Peers are called before Raft is started: in between others reach a node without membership (evnode.md A3, B 8.2).
    await p2p.listen()
    await p2p.dial()
    raft.start(() => membersOf(self, config.peers))
    member.watch()
    await Promise.race([member.ended, aborted(stop)])
    await member.stopProducing()
    const led = raft.isLeader
    if (led) {
      await raft.resign(resignMs)
      raft.close()
    }
    log.info('leadership resigned before shutdown')
    await member.stop()
    if (led) {
      log.info('lost leadership')
      throw new NodeFailure('leader lock lost')
    }
  } finally {
    await member.stop()
    raft.close()
    p2p.close()
    kv?.close()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

import { NodeFailure } from '../failure.ts'
import type { Node } from './node.ts'
import { executableOf, type SignedBlock } from './signed-block.ts'
import { hashOf } from './validate.ts'

/** A follower's store at or above Raft's block must hold the same one (evnode.md B 2.3). Throws NodeFailure. */
export function checkFollower({ store, log }: Node, raftBlock: SignedBlock): void {
  const { height } = raftBlock.header
  if (store.head.height < height) return
  const own = store.block(height)
  if (own !== undefined && hashOf(own) !== hashOf(raftBlock))
    throw new NodeFailure(
      `local state diverged from raft at height ${height}: local hash ${hashOf(own)} != raft hash ${hashOf(raftBlock)}`,
    )
  if (store.head.height > height)
    log.info(
      'local state ahead of stale raft snapshot with matching hash; skipping recovery, raft will catch up',
    )
}

/**
 * A node elected at its start holds its store against Raft's block, if there is one. With none, and with a store that
 * is far behind, it goes on from its own height all the same: both sign heights again (evnode.md B 2.1, B 2.4).
 * Throws NodeFailure.
 */
export async function checkFirstLeader(
  { store, executor, witness }: Node,
  raftBlock: SignedBlock | undefined,
): Promise<void> {
  if (raftBlock === undefined) return
  const { height } = raftBlock.header
  const { head } = store
  const invalid = (why: string) =>
    new NodeFailure(`failed to start executor: failed to initialize state: invalid state: ${why}`)
  if (head.height > height) throw invalid(`local height (${head.height}) ahead of raft (${height})`)
  if (head.height === height && head.hash !== hashOf(raftBlock))
    throw invalid(`block hash mismatch at height ${height}`)
  if (head.height + 1 === height && raftBlock.header.lastHeaderHash === head.hash) {
    store.append(raftBlock, await executor.execute(executableOf(raftBlock)))
    witness.kept(raftBlock.header)
  }
}

/** Elected after it followed, before Raft has a block: the recovery reads a header that is not there (evnode.md A4). Throws NodeFailure. */
export function checkFollowerElected({ store, log }: Node, raftBlock: SignedBlock | undefined): void {
  if (raftBlock !== undefined || store.head.height === 0) return
  log.info('became leader but not synced, attempting recovery')
  log.of('syncer').info('recovering state from raft', { height: 0 })
  const failure = new NodeFailure("unmarshal header: signed header's Header is nil")
  log.error('recovery failed', { error: failure.message })
  throw failure
}

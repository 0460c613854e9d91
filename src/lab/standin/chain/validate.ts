import { blockHash, verifySignature } from '../../../evnode/block.ts'
import type { Head } from './chain-store.ts'
import type { SignedBlock } from './signed-block.ts'

/** What a follower finds when it holds a block against its own state. */
export type Verdict = 'fits' | 'otherParent' | 'otherState' | 'badSignature'

/** Compares the next block with the head it would stand on (evnode.md B 2.3). */
export function judge(block: SignedBlock, head: Head): Verdict {
  const { header, signature, signerPubKey } = block
  if (!verifySignature(header, signature, signerPubKey)) return 'badSignature'
  if (header.height !== head.height + 1 || BigInt(header.timeNs) <= BigInt(head.timeNs)) return 'otherState'
  if (header.appHash !== head.appHash) return 'otherState'
  return header.lastHeaderHash === head.hash ? 'fits' : 'otherParent'
}

/** The hash of a block, base64. */
export function hashOf(block: SignedBlock): string {
  return blockHash(block.header)
}

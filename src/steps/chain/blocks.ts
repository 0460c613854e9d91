import type { Block } from '../../evnode/block.ts'
import type { Host, StepContext } from '../step.ts'

/** A block with its time as a number. */
export type ReadBlock = Block & { readonly timeMs: number }

/** At most so many blocks are read in one go from one node. */
const blocksMax = 2_000

/** One block; null when the node does not have it or does not answer. */
export async function readBlock(context: StepContext, host: Host, height: number): Promise<ReadBlock | null> {
  const block = await context.rpc(host).block(height)
  if (block.kind !== 'ok') return null
  return { ...block.value, timeMs: Number(BigInt(block.value.header.timeNs) / 1_000_000n) }
}

/** The blocks from..to in order, both included; null when the node lacks one of them. */
export async function blocksBetween(
  context: StepContext,
  host: Host,
  from: number,
  to: number,
): Promise<readonly ReadBlock[] | null> {
  const blocks: ReadBlock[] = []
  for (let height = Math.max(from, to - blocksMax); height <= to; height++) {
    const block = await readBlock(context, host, height)
    if (block === null) return null
    blocks.push(block)
  }
  return blocks
}

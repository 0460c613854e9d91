import { EvhaError } from '../../base/errors.ts'
import { type Block, verifySignature } from '../../evnode/block.ts'
import type { DaClient } from '../../evnode/da.ts'
import { readBlock } from '../chain/blocks.ts'
import { daOf } from '../chain/da.ts'
import { heightOf } from '../chain/head.ts'
import { fact, type Host, type StepContext } from '../step.ts'
import { SignatureWatch } from './signatures.ts'

/** So far back the single sequencer's blocks are known when the watch begins: a stale store signs some of them anew. */
const historyBlocks = 64
/** So many blocks below the noted head, or its own, are read of a member when it is first seen. */
const overlapBlocks = 4
/** However long nobody has watched: no further back than this, and no more than this from one node in one round. */
const behindMax = 2_000
const blocksARound = 200
const daHeightsARound = 400
/** A node that does not answer is asked again in the third round after: while the chain stands still hosts have other work. */
const silentRounds = 3
/** So many questions to one node or to DA at once. */
const atOnce = 8

/**
 * Looks at heads and headers of all nodes that answer, and of DA, round after round, and remembers which headers it
 * saw signed. DA that does not answer is asked again in the next round, a node in the third.
 */
export class ChainLook {
  readonly signatures = new SignatureWatch()
  readonly #next = new Map<string, number>()
  /** Rounds in which a node is not asked, because it was silent. */
  readonly #skip = new Map<string, number>()
  #daNext: number | null = null
  #da: DaClient | null = null
  /** DA is asked as this node reaches it; the next one's turn comes when there is no answer. */
  #daThrough = 0
  #daRead = false

  /** True when the last round has read DA up to its head. */
  get daRead(): boolean {
    return this.#daRead
  }

  async round(context: StepContext): Promise<void> {
    await Promise.all([
      ...context.nodes.map((host) => orSilent(() => this.#readNode(context, host))),
      orSilent(() => this.#readDa(context)),
    ])
  }

  async #readNode(context: StepContext, host: Host): Promise<void> {
    const { name } = host.spec
    const skip = this.#skip.get(name) ?? 0
    this.#skip.set(name, skip - 1)
    if (skip > 0) return
    const head = await heightOf(context, host)
    if (head === null) {
      this.#skip.set(name, silentRounds - 1)
      return
    }
    // The head each time anew: where a store was changed under a node, its blocks are others from some height on.
    const first = Math.max(1, Math.min(this.#next.get(name) ?? firstOf(context, host, head), head))
    const last = Math.min(head, first + blocksARound - 1)
    for (let from = first; from <= last; from += atOnce) {
      const heights = upTo(from, last)
      const blocks = await Promise.all(heights.map((height) => readBlock(context, host, height)))
      for (const block of blocks) {
        if (block === null) return
        if (this.#isSigned(context, block)) this.#note(block, name)
        this.#next.set(name, block.header.height + 1)
      }
    }
  }

  /** Anybody can serve a block; only the proposer can have signed it. What was seen signed is not verified again. */
  #isSigned(context: StepContext, { header, hash, signature, signerPubKey }: Block): boolean {
    return (
      this.signatures.has(header.height, hash) ||
      (header.proposerAddress === fact(context, 'check').proposerAddress &&
        verifySignature(header, signature, signerPubKey))
    )
  }

  #note({ header, hash, signature, signerPubKey }: Block, where: string): void {
    this.signatures.note({ height: header.height, hash, signature, signerPubKey }, where)
  }

  async #readDa(context: StepContext): Promise<void> {
    this.#daRead = false
    const through = context.nodes[this.#daThrough % context.nodes.length]
    if (through === undefined) return
    const turn = () => {
      this.#da = null
      this.#daThrough += 1
    }
    this.#da ??= await daOf(context, through).catch((thrown: unknown) => {
      turn()
      throw thrown
    })
    const head = await this.#da.localHead()
    if (head.kind !== 'ok') return turn()
    const { daNamespace, proposerAddress } = fact(context, 'check')
    const first = this.#daNext ?? context.facts.arm?.daHeight ?? head.value
    const last = Math.min(head.value, first + daHeightsARound - 1)
    for (let from = first; from <= last; from += atOnce) {
      const heights = upTo(from, last)
      const da = this.#da
      const answers = await Promise.all(heights.map((height) => da.headerBlobs(height, daNamespace)))
      for (const [i, blobs] of answers.entries()) {
        if (blobs.kind !== 'ok') return
        for (const { header, hash, signature, signerPubKey, validSignature } of blobs.value)
          if (validSignature && header.proposerAddress === proposerAddress)
            this.signatures.note(
              { height: header.height, hash, signature, signerPubKey },
              `DA at its height ${from + i}`,
            )
        this.#daNext = from + i + 1
      }
    }
    this.#daRead = last === head.value
  }
}

/** What cannot be read now is read in the next round; who is silent too long is told by the heartbeat and by the steps. */
async function orSilent(look: () => Promise<void>): Promise<void> {
  try {
    await look()
  } catch (thrown) {
    if (!(thrown instanceof EvhaError)) throw thrown
  }
}

/** Where reading begins at a node that was not seen before. */
function firstOf(context: StepContext, host: Host, head: number): number {
  const noted = context.facts.fence?.noted.height ?? head
  const wanted = Math.min(head, noted) - (host === context.source ? historyBlocks : overlapBlocks)
  return Math.max(wanted, head - behindMax)
}

/** At most so many heights from `from` on. */
const upTo = (from: number, last: number) =>
  Array.from({ length: Math.min(atOnce, last - from + 1) }, (_, i) => from + i)

import { stuck } from '../ask.ts'
import { readBlock } from '../chain/blocks.ts'
import { daOf } from '../chain/da.ts'
import { heightOf } from '../chain/head.ts'
import { hostsNamed } from '../commit/start-quorum.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { lookAtCluster } from './verify-election.ts'

const everyMs = 500

/** Watches until the soak is over: every node's new blocks compared by hash, DA's headers by valid signature. */
export const soak: Step<'soak'> = {
  name: 'soak',
  plan: ({ runbook }) => [
    `watch every node and DA for ${runbook.window.soakSeconds} s: heights advance, none is signed twice`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const watch = new SignatureWatch()
    const read = new Map<string, number>()
    const before = await lowest(context)
    const untilMs = context.now() + context.runbook.window.soakSeconds * 1_000
    do {
      await context.sleep(everyMs)
      await compareNodes(context, watch, read)
    } while (context.now() < untilMs)
    const after = await lowest(context)
    if (after <= before)
      throw stuck(
        `no node got a block in ${context.runbook.window.soakSeconds} s; the lowest head is ${after}`,
      )
    const daChecked = await compareDa(context, watch)
    const forksSeen = watch.told()
    for (const line of forksSeen) context.tell(line)
    return { forks: watch.twice(), forksSeen, daChecked }
  },
  verify: async (context, measured) => {
    if (measured?.forks === undefined) return notYet('the watch was interrupted before its end')
    const daChecked = measured.daChecked ?? false
    // The machine takes a height signed twice to needsHuman; the heights must reach the report.
    if (measured.forks.length > 0)
      return done({ ...fact(context, 'verifyElection'), ...measured, forks: measured.forks, daChecked })
    const cluster = await lookAtCluster(context)
    if (typeof cluster === 'string') return notYet(cluster)
    return done({ ...cluster, forks: [], daChecked })
  },
  undo: () => Promise.resolve(),
}

/** Which hashes were seen signed at which height, and where. The same block seen twice is normal, on DA above all. */
export class SignatureWatch {
  readonly #hashes = new Map<number, Map<string, Set<string>>>()

  note(height: number, hash: string, where: string): void {
    const seen = this.#hashes.get(height) ?? new Map<string, Set<string>>()
    seen.set(hash, (seen.get(hash) ?? new Set()).add(where))
    this.#hashes.set(height, seen)
  }

  has(height: number, hash: string): boolean {
    return this.#hashes.get(height)?.has(hash) ?? false
  }

  twice(): number[] {
    return [...this.#hashes]
      .filter(([, hashes]) => hashes.size > 1)
      .map(([height]) => height)
      .sort((a, b) => a - b)
  }

  /** Each height signed twice in words, at most so many: which hash was seen where. */
  told(): string[] {
    const heights = this.twice()
    const lines = heights.slice(0, toldMax).map((height) => {
      const seen = [...(this.#hashes.get(height) ?? [])]
      const each = seen.map(([hash, where]) => `${hash} on ${[...where].sort().join(', ')}`)
      return `block ${height} was signed twice: ${each.join('; ')}`
    })
    const more = heights.length - lines.length
    return more === 0 ? lines : [...lines, `and ${more} heights more, up to ${heights.at(-1)}`]
  }
}

const toldMax = 10

const members = (context: StepContext): Host[] => [
  ...hostsNamed(context, fact(context, 'proveEqual').equal),
  context.source,
]

async function lowest(context: StepContext): Promise<number> {
  const heights = await Promise.all(members(context).map((host) => heightOf(context, host)))
  return Math.min(...heights.map((height) => height ?? 0))
}

/** Notes every block of every node above what was read of it before; `read` is each node's newest height read. */
async function compareNodes(
  context: StepContext,
  watch: SignatureWatch,
  read: Map<string, number>,
): Promise<void> {
  const first = fact(context, 'stopSource').height
  await Promise.all(
    members(context).map(async (host) => {
      const { name } = host.spec
      const head = (await heightOf(context, host)) ?? 0
      for (let height = read.get(name) ?? first; height <= head; height++) {
        const block = await readBlock(context, host, height)
        if (block === null) break
        watch.note(height, block.hash, name)
        read.set(name, height + 1)
      }
    }),
  )
}

/** DA heights are walked from where DA stood when the window opened; at most so many, so many at once. */
const daHeightsMax = 5_000
const daAtOnce = 8

async function compareDa(context: StepContext, watch: SignatureWatch): Promise<boolean> {
  const { daHeight } = fact(context, 'arm')
  if (daHeight === null) return false
  const da = await daOf(context)
  const head = await da.localHead()
  if (head.kind !== 'ok') return false
  const { daNamespace, proposerAddress } = fact(context, 'check')
  for (let from = Math.max(daHeight, head.value - daHeightsMax); from <= head.value; from += daAtOnce) {
    const heights = Array.from({ length: Math.min(daAtOnce, head.value - from + 1) }, (_, i) => from + i)
    const answers = await Promise.all(heights.map((height) => da.headerBlobs(height, daNamespace)))
    for (const [i, blobs] of answers.entries()) {
      if (blobs.kind !== 'ok') return false
      for (const blob of blobs.value)
        if (blob.validSignature && blob.header.proposerAddress === proposerAddress)
          watch.note(blob.header.height, blob.hash, `DA at its height ${from + i}`)
    }
  }
  return true
}

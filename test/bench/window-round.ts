// One migration through `finish` on hosts of its own, judged from the nodes' blocks and not by evha.
import type { Report } from '../../src/run/api.ts'
import { type Chain, chainOf, heightOf } from '../hosts/blocks.ts'
import { type Hosts, migrate, until } from '../hosts/hosts.ts'

export const nodes = 5
/** So many blocks after the gap a node must have to count as one that takes part. */
const blocksAfter = 5

export interface WindowRound {
  readonly gapMs: number
  readonly ownMs: number
  readonly predictedMs: number
  readonly voting: number
  readonly forks: number
  readonly copiedBytes: number
}

/** Migrates once the single sequencer has so many blocks; throws when that fails. */
export async function windowOn(
  hosts: Hosts,
  headBefore: number,
): Promise<{ seen: WindowRound; report: Report }> {
  await until(`height ${headBefore}`, async () =>
    ((await heightOf(hosts, 'node-1')) ?? 0) >= headBefore ? true : undefined,
  )
  const { report, stderr } = await migrate(hosts, 'cutover', 'commit', 'finish')
  if (report.outcome !== 'migrated') throw new Error(stderr)
  const chains = await settled(hosts, report.firstClusterHeight ?? 0)
  const longest = longestOf(chains)
  const sameAs = (one: Chain) =>
    one.links.length > headBefore && one.links.every((link, k) => link === longest.links[k])
  const seen = {
    gapMs: gapOf(longest),
    ownMs: report.ownOverheadMs ?? Number.NaN,
    predictedMs: report.predictedGapMs ?? Number.NaN,
    voting: chains.filter((chain) => chain !== undefined && sameAs(chain)).length,
    forks: forksIn(chains),
    copiedBytes: report.bytesSeeded,
  }
  return { seen, report }
}

/** Every node's chain, once the first cluster blocks had time to come to all. */
async function settled(hosts: Hosts, first: number): Promise<(Chain | undefined)[]> {
  const enough = (chain: Chain | undefined) => (chain?.head ?? 0) >= first + blocksAfter
  return until('blocks after the gap', async () => {
    const chains = await Promise.all(hosts.names.map((host) => chainOf(hosts, host, 1)))
    return chains.every(enough) ? chains : undefined
  })
}

const longestOf = (chains: readonly (Chain | undefined)[]): Chain =>
  chains
    .flatMap((chain) => (chain === undefined ? [] : [chain]))
    .reduce((a, b) => (b.links.length > a.links.length ? b : a))

/** The longest time between two blocks; the first ones are not looked at, while a chain gets under way. */
function gapOf({ timesMs }: Chain): number {
  const gaps = timesMs.slice(1).map((at, k) => at - (timesMs[k] ?? at))
  return Math.max(...gaps.slice(5))
}

/** Heights at which two nodes hold different blocks. */
function forksIn(chains: readonly (Chain | undefined)[]): number {
  const length = Math.max(...chains.map((chain) => chain?.links.length ?? 0))
  return Array.from({ length }, (_, k) =>
    new Set(chains.flatMap((chain) => chain?.links[k] ?? [])).size > 1 ? 1 : 0,
  ).reduce<number>((sum, one) => sum + one, 0)
}

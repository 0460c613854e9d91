// How long the chain stands still on real hosts: `script/bench window [ROUNDS]`. Judged from the blocks, not by evha.
import { copyFileSync, writeFileSync } from 'node:fs'
import { type Chain, chainOf, heightOf } from '../hosts/blocks.ts'
import { type Hosts, migrate, realNode, until, withHosts } from '../hosts/hosts.ts'

const nodes = 5
const headBefore = 20
/** So many blocks after the gap a node must have to count as one that takes part. */
const blocksAfter = 5

interface Round {
  readonly gapMs: number
  readonly ownMs: number
  readonly predictedMs: number
  readonly voting: number
  readonly forks: number
  readonly copiedBytes: number
}

async function round(): Promise<Round> {
  let seen: Round | undefined
  await withHosts(
    nodes,
    async (hosts) => {
      await until(`height ${headBefore}`, async () =>
        ((await heightOf(hosts, 'node-1')) ?? 0) >= headBefore ? true : undefined,
      )
      const { report, stderr } = await migrate(hosts, 'cutover', 'commit', 'finish')
      if (report.outcome !== 'migrated') throw new Error(stderr)
      const chains = await settled(hosts, report.firstClusterHeight ?? 0)
      const longest = longestOf(chains)
      seen = {
        gapMs: gapOf(longest),
        ownMs: report.ownOverheadMs ?? Number.NaN,
        predictedMs: report.predictedGapMs ?? Number.NaN,
        voting: chains.filter((chain) => chain !== undefined && sameAs(longest, chain)).length,
        forks: forksIn(chains),
        copiedBytes: report.bytesSeeded,
      }
      const kept = process.env['EVHA_BENCH_REPORTS']
      if (kept !== undefined) {
        writeFileSync(`${kept}/${report.run}.json`, `${JSON.stringify(report, null, 2)}\n`)
        copyFileSync(`${hosts.stateDir}/runs/${report.run}/evha.log`, `${kept}/${report.run}.log`)
      }
    },
    { evhaMs: 600_000 },
  )
  if (seen === undefined) throw new Error('no round was seen')
  return seen
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

const sameAs = (longest: Chain, one: Chain) =>
  one.links.length > headBefore && one.links.every((link, k) => link === longest.links[k])

/** Heights at which two nodes hold different blocks. */
function forksIn(chains: readonly (Chain | undefined)[]): number {
  const length = Math.max(...chains.map((chain) => chain?.links.length ?? 0))
  return Array.from({ length }, (_, k) =>
    new Set(chains.flatMap((chain) => chain?.links[k] ?? [])).size > 1 ? 1 : 0,
  ).reduce<number>((sum, one) => sum + one, 0)
}

const count = Number(process.argv[2] ?? '5')
const rounds: Round[] = []
process.stdout.write(
  `evha, ${nodes} hosts, blocks of 1 s, ${realNode ? 'real node' : 'stand-in'}, ${new Date().toISOString().slice(0, 10)}\n\n` +
    '| round | gap ms | own part ms | predicted ms | same chain | forks | copied bytes |\n|---|---|---|---|---|---|---|\n',
)
for (let k = 1; k <= count; k += 1) {
  const one = await round()
  rounds.push(one)
  const { gapMs, ownMs, predictedMs, voting, forks, copiedBytes } = one
  process.stdout.write(
    `| ${k} | ${gapMs} | ${Math.round(ownMs)} | ${Math.round(predictedMs)} | ${voting} of ${nodes} | ${forks} | ${copiedBytes} |\n`,
  )
}
const gaps = rounds.map(({ gapMs }) => gapMs).sort((a, b) => a - b)
process.stdout.write(`\ngap: median ${gaps[Math.floor(gaps.length / 2)]} ms, worst ${gaps.at(-1)} ms\n`)

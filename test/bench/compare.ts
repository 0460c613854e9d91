// evha beside what people use today, on the same hosts, one after the other: `script/bench compare`.
//   --rounds N      rounds of each way and size (2)
//   --sizes A,B     how many times the data (1,20)
//   --ways A,B      only ways whose name has one of these words
//   --results FILE  keeps the rounds in FILE and adds those that stand there to the tables
//   --write FILE    writes the page (docs/benchmarks.md); what `script/bench ssh --write` wrote there stays
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Hosts, realNode, run } from '../hosts/hosts.ts'
import { dataBytes, freshChain, settledHead, withArena } from './arena.ts'
import { judge } from './judge.ts'
import { machine, pageOf, type Round, rowOf, tableHead } from './page.ts'
import { sectionOf, sshHeading, withSection } from './section.ts'
import { type Way, ways } from './ways.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    sizes: { type: 'string', default: '1,20' },
    ways: { type: 'string', default: '' },
    results: { type: 'string' },
    write: { type: 'string' },
  },
})
/** Blocks of a chain of size 1. */
const blocksAtOne = 50
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

async function round(hosts: Hosts, way: Way, size: number): Promise<Round> {
  const base = { way: way.name, size, at: new Date().toISOString(), real: realNode }
  try {
    await freshChain(hosts, blocksAtOne * size)
    await way.prepare(hosts)
    const head = await settledHead(hosts, 3)
    const data = await dataBytes(hosts)
    const sinceMs = Date.now()
    const evha = await way.cutover(hosts)
    const verdict = await judge(hosts, head, sinceMs)
    if (evha === undefined) return { ...base, data, verdict }
    const { report, ...figures } = evha
    return { ...base, data, verdict, evha: { ...figures, gapMs: report.gapMs, ownMs: report.ownOverheadMs } }
  } catch (thrown) {
    return { ...base, failed: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

function installAnsible(): Promise<unknown> {
  const command =
    'command -v ansible-playbook || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ansible-core; }'
  return run('sh', ['-c', command]).ended
}

interface Kept {
  readonly rounds: Round[]
}

await installAnsible()
const kept: Kept | undefined =
  values.results !== undefined && existsSync(values.results)
    ? (JSON.parse(readFileSync(values.results, 'utf8')) as Kept)
    : undefined
const rounds: Round[] = [...(kept?.rounds ?? [])]
const chosen = ways.filter(({ name }) => values.ways.split(',').some((word) => name.includes(word)))
process.stdout.write(`${machine()}; ${realNode ? 'real node' : 'stand-in'}\n\n${tableHead}\n`)
await withArena(async (hosts) => {
  for (let k = 0; k < Number(values.rounds); k += 1) {
    for (const size of values.sizes.split(',').map(Number)) {
      // No way is always the first one after another.
      for (const way of [...chosen.slice(k % chosen.length), ...chosen.slice(0, k % chosen.length)]) {
        say(`round ${k + 1}, ${size} x, ${way.name}`)
        const one = await round(hosts, way, size)
        if (one.failed !== undefined) say(one.failed)
        rounds.push(one)
        process.stdout.write(`${rowOf([one])}\n`)
        if (values.results !== undefined) writeFileSync(values.results, JSON.stringify({ rounds }, null, 1))
      }
    }
  }
})
if (values.results !== undefined) writeFileSync(values.results, JSON.stringify({ rounds }, null, 1))
const page = pageOf(rounds)
if (values.write !== undefined) {
  const before = existsSync(values.write) ? readFileSync(values.write, 'utf8') : ''
  writeFileSync(values.write, withSection(page, sectionOf(before, sshHeading)))
}
process.stdout.write(`\n${page}`)

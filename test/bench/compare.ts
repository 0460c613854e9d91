// evha beside what people use today, on the same hosts, one after the other: `script/bench compare`.
//   --rounds N      rounds of each way and size (2), or of some: evha=30/6,script=10,guide=3,ansible=3 (a number for each
//                   size, or one for all)
//   --sizes A,B     how many times the data (1,20)
//   --results FILE  keeps each round in FILE as it ends; those that stand there are not made again
//   --write FILE    writes the page (docs/benchmarks.md); what `script/bench ssh --write` and `evm --write` wrote there stays
// It runs to its end by itself: a round that fails is told as what it was, and the next one goes on.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Hosts, realNode, run } from '../hosts/hosts.ts'
import { dataBytes, freshChain, settledHead, withArena } from './arena.ts'
import { judge, outcomeOf } from './judge.ts'
import { keepReport } from './kept-reports.ts'
import { keepRounds, keptRounds } from './kept-rounds.ts'
import { machine, pageOf } from './page.ts'
import type { Round } from './round.ts'
import { type Planned, roundsLeft, roundsWanted } from './rounds.ts'
import { withOldSections } from './section.ts'
import { type Way, ways } from './ways.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    sizes: { type: 'string', default: '1,20' },
    results: { type: 'string' },
    write: { type: 'string' },
  },
})
/** Blocks of a chain of size 1. */
const blocksAtOne = 25
/** No round takes so long, whatever hangs. */
const roundTimeoutMs = 600_000
/** So many rounds without a verdict, one after the other: the machine is at fault. */
const failuresMax = 3
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

async function round(hosts: Hosts, way: Way, size: number, base: Round): Promise<Round> {
  const took: string[] = []
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const sinceMs = Date.now()
    const result = await work
    took.push(`${what} ${((Date.now() - sinceMs) / 1000).toFixed(1)}`)
    return result
  }
  await timed('chain', freshChain(hosts, blocksAtOne * size))
  await timed('preparing', way.prepare(hosts))
  const head = await timed('settling', settledHead(hosts, 2))
  const data = await dataBytes(hosts)
  const sinceMs = Date.now()
  let error: string | undefined
  const cutover = way.cutover(hosts).catch((thrown: unknown) => {
    error = messageOf(thrown)
    return undefined
  })
  const evha = await timed('cutover', cutover)
  const verdict = await timed('judging', judge(hosts, head, sinceMs))
  await way.after?.(hosts)
  say(`${outcomeOf(verdict)}, gap ${verdict.gapMs ?? '-'} ms; seconds: ${took.join(', ')}`)
  const seen = { ...base, data, verdict, ...(error === undefined ? {} : { error }) }
  if (evha === undefined) return seen
  const { report, ...figures } = evha
  keepReport(hosts, report)
  return { ...seen, evha: { ...figures, gapMs: report.gapMs, ownMs: report.ownOverheadMs } }
}

/** Without a verdict only where the round itself could not be made. */
async function roundOrFailure(hosts: Hosts, { way: key, size }: Planned): Promise<Round> {
  const way = ways.find((one) => one.key === key)
  if (way === undefined) throw new Error(`no way ${key}`)
  const base = { way: way.name, key, size, at: new Date().toISOString(), real: realNode }
  const late = new Promise<never>((_, fail) => {
    const message = `not through within ${roundTimeoutMs / 1000} s`
    setTimeout(() => fail(new Error(message)), roundTimeoutMs).unref()
  })
  try {
    return await Promise.race([round(hosts, way, size, base), late])
  } catch (thrown) {
    return { ...base, failed: messageOf(thrown) }
  }
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown))

function installAnsible(): Promise<unknown> {
  const command =
    'command -v ansible-playbook || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ansible-core; }'
  return run('sh', ['-c', command]).ended
}

const rounds: Round[] = keptRounds(values.results, realNode)
const sizes = values.sizes.split(',').map(Number)
const wanted = roundsWanted(
  values.rounds,
  ways.map(({ key }) => key),
  sizes,
)

function keep(one: Round): void {
  rounds.push(one)
  keepRounds(values.results, rounds)
  writePage()
}

function writePage(): void {
  if (values.write === undefined || rounds.length === 0) return
  const before = existsSync(values.write) ? readFileSync(values.write, 'utf8') : ''
  writeFileSync(values.write, withOldSections(pageOf(rounds), before))
}

say(`${machine()}; ${realNode ? 'real node' : 'stand-in'}`)
if (wanted.has('ansible')) await installAnsible()
const left = roundsLeft(
  wanted,
  sizes,
  rounds.map(({ key, size }) => ({ way: key, size })),
)
const failures: string[] = []
// Hosts on which a round could not be made are set up anew.
while (left.length > 0 && failures.length < failuresMax) {
  try {
    await withArena(async (hosts) => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        say(`${next.way}, ${next.size} x, ${left.length} rounds to come`)
        const one = await roundOrFailure(hosts, next)
        keep(one)
        if (one.failed !== undefined) throw new Error(one.failed)
        failures.length = 0
      }
    })
  } catch (thrown) {
    say(messageOf(thrown))
    failures.push(messageOf(thrown))
  }
}
writePage()
process.stdout.write(rounds.length === 0 ? '' : pageOf(rounds))
process.exit(left.length > 0 ? 1 : 0)

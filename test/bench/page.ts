import { cpus, release, totalmem } from 'node:os'
import { counted, quantile } from './figures.ts'
import { goalsOf, goalTable } from './goals.ts'
import { outcomeOf, type Verdict } from './judge.ts'
import { cameOver, type Round } from './round.ts'

const nodes = 5
/** Of what a tool or a node said in the end. */
const wordsMax = 240

const tableHead = `| way | data | rounds | gap p50, ms | gap p99, ms | part of the orchestrator, ms | last block to stop, ms | stop, ms | warm start to Raft, ms | last needed start to first block, ms | nodes voting | forks | restarts |
|---|---|---|---|---|---|---|---|---|---|---|---|---|`

/** This machine, in one line. */
export function machine(): string {
  const [first] = cpus()
  return `${cpus().length} x ${first?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}, ${new Date().toISOString().slice(0, 10)}`
}

/** One line for rounds of one way and size. */
function rowOf(rounds: readonly Round[]): string {
  const [first] = rounds
  if (first === undefined) return ''
  const seen = rounds.flatMap(({ verdict }) => verdict ?? [])
  const over = rounds.filter(cameOver).flatMap(({ verdict }) => verdict ?? [])
  const of = (value: (verdict: Verdict) => number | null) => counted(over.flatMap((one) => value(one) ?? []))
  const gaps = over.flatMap(({ gapMs }) => gapMs ?? [])
  const cells = [
    first.way,
    `${first.size} x`,
    `${rounds.length}`,
    counted(gaps),
    gaps.length === 0 ? '-' : Math.round(quantile(gaps, 0.99)),
    of(({ ownMs }) => ownMs),
    of(({ beforeStopMs }) => beforeStopMs ?? null),
    of(({ stopMs }) => stopMs),
    of(({ warmMs }) => warmMs ?? null),
    of(({ firstBlockMs }) => firstBlockMs),
    timesEach(rounds.map(({ verdict }) => (verdict === undefined ? 'not made' : outcomeOf(verdict)))),
    seen.reduce((sum, { forks }) => sum + (forks > 0 ? 1 : 0), 0),
    counted(seen.map(({ restarts }) => restarts)),
  ]
  return `| ${cells.join(' | ')} |`
}

/** `5 of 5 voting`, or with how often each was seen. */
function timesEach(outcomes: readonly string[]): string {
  const each = [...new Set(outcomes)].map((one) => ({ one, times: outcomes.filter((o) => o === one).length }))
  return each.map(({ one, times }) => (each.length === 1 ? one : `${one} (${times} times)`)).join(', ')
}

/** The whole page, from whatever rounds there are. */
export function pageOf(rounds: readonly Round[]): string {
  const sizes = [...new Set(rounds.map(({ size }) => size))].sort((a, b) => a - b)
  const ways = [...new Set(rounds.map(({ way }) => way))].sort(
    (a, b) => Number(b === 'evha') - Number(a === 'evha'),
  )
  const of = (way: string, size: number) => rounds.filter((one) => one.way === way && one.size === size)
  const rows = sizes.flatMap((size) => ways.map((way) => rowOf(of(way, size)))).filter((row) => row !== '')
  const days = [...new Set(rounds.map(({ at }) => at.slice(0, 10)))].join(', ')
  const label = rounds.every(({ real }) => real)
    ? 'the real node and its local DA'
    : 'the stand-in, not the real node'
  return `# Benchmarks

Written by \`script/bench compare\` on ${days}, with **${label}**, on one machine: ${machine()}.
Five hosts with a systemd and an sshd of their own, in network namespaces on that machine ([host tier](host-tier.md)), blocks of
1 s; every row's rounds ran on the same hosts, in turn with the others, each on a new chain of the same make (${sizes.map((size) => dataOf(rounds, size)).join('; ')}).

| what | how it was measured |
|---|---|
| gap | time in the last old block to time in the first new one, from the nodes' own blocks, past the tool that did it; of the rounds after which a quorum votes, like all that is timed here |
| part of the orchestrator | exit of the old sequencer to the start of the third node, without a warm node's start to Raft; from systemd's journal on the hosts |
| the other parts of the gap | with that one they are all of it. Stop, warm start to Raft and last start to first block are the node's own. Until a block's time has passed since the last block, the chain is not late: last block to stop is the chain's own, wherever in it a stop falls; evha stops right after a block, so it is short |
| nodes voting | serve the same chain five blocks on, at most 20 s after the gap; a stall: no block within 120 s of the cutover |
| forks | rounds in which two nodes hold different blocks of one height |
| restarts | how often systemd had to start nodes again until then, all five together |

Figures are median (lowest to highest) of the rounds; p99 by nearest rank, which of fewer than 100 rounds is the highest.

${tableHead}
${rows.join('\n')}

${ratios(rounds, sizes, ways)}

The other ways are in \`test/bench/baselines\`: the public guide's steps with one stop (to the letter, with two, it forks the chain), as a
shell script and as a playbook for ansible-core; and a script by somebody who knows the node, with open connections, tar that skips holes,
Raft directories bootstrapped before, two nodes waiting when the third starts. Their preparation is not counted. None of them fences the old
sequencer, proves that the copies are equal, or goes back by itself; evha's part has that in it. What evha does beside the node, while it starts, is
in no part but in the gap: it takes a processor from a node that starts on the same one.
${notWhole(rounds)}
## evha itself

${goalTable(goalsOf(rounds))}

${evhaFigures(rounds, sizes)}
`
}

/** Every round that was not five of five, as what it was. */
function notWhole(rounds: readonly Round[]): string {
  const told = rounds
    .filter(
      ({ verdict, error }) =>
        verdict === undefined || verdict.voting < nodes || verdict.forks > 0 || error !== undefined,
    )
    .map(({ way, size, at, verdict, error, failed }) => {
      const gap = verdict?.gapMs == null ? '' : `, gap ${verdict.gapMs} ms`
      const what = verdict === undefined ? 'the round was not made' : outcomeOf(verdict) + gap
      const words = [error, failed, ...(verdict?.states ?? [])].flatMap((one) => one ?? [])
      return `- ${way}, ${size} x, ${at.slice(0, 19)}Z: ${what}${words.map((one) => `\n  - ${inOneLine(one)}`).join('')}`
    })
  return told.length === 0 ? '' : `\n## Rounds after which not all five voted\n\n${told.join('\n')}\n`
}

const inOneLine = (text: string) =>
  `\`${text.trim().replace(/\s+/g, ' ').replaceAll('`', "'").slice(-wordsMax)}\``

function dataOf(rounds: readonly Round[], size: number): string {
  const data = rounds.filter((one) => one.size === size).flatMap(({ data: found }) => found ?? [])
  const mb = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
  const real = quantile(
    data.map(({ real: bytes }) => bytes),
    0.5,
  )
  const apparent = quantile(
    data.map(({ apparent: bytes }) => bytes),
    0.5,
  )
  return `${size} x: ${mb(real)} MB on disk, ${mb(apparent)} MB apparent`
}

function ratios(rounds: readonly Round[], sizes: readonly number[], ways: readonly string[]): string {
  const median = (way: string, size: number) =>
    quantile(
      rounds
        .filter((one) => one.way === way && one.size === size && cameOver(one))
        .flatMap(({ verdict }) => verdict?.gapMs ?? []),
      0.5,
    )
  const [small = 1, large] = [sizes[0], sizes.at(-1)]
  const against = ways
    .filter((way) => way !== 'evha')
    .flatMap((way) => sizes.map((size) => ({ way, size, ratio: median('evha', size) / median(way, size) })))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .map(({ way, size, ratio }) => `${ratio.toFixed(2)} of ${way} at ${size} x`)
  const growth = ways
    .map((way) => ({ way, ratio: median(way, large ?? small) / median(way, small) }))
    .filter(({ ratio }) => large !== small && Number.isFinite(ratio))
    .map(({ way, ratio }) => `${way} ${ratio.toFixed(2)}`)
  return [
    against.length === 0 ? '' : `evha's median gap is ${against.join(', ')}.`,
    growth.length === 0 ? '' : `Gap at ${large} x over gap at ${small} x: ${growth.join(', ')}.`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function evhaFigures(rounds: readonly Round[], sizes: readonly number[]): string {
  const figures = sizes.flatMap((size) => {
    const own = rounds.filter((one) => one.size === size).flatMap(({ evha }) => evha ?? [])
    if (own.length === 0) return []
    const rate = own.map(({ seededBytes, seedMs }) => seededBytes / 1e6 / (seedMs / 1_000))
    const cells = [
      `${size} x`,
      counted(own.map(({ checkMs }) => checkMs)),
      `${counted(own.map(({ seededBytes }) => seededBytes / 1e6))} MB in ${counted(own.map(({ seedMs }) => seedMs))} ms`,
      counted(rate),
      counted(own.map(({ memoryMb }) => memoryMb)),
      counted(own.flatMap(({ gapMs }) => gapMs ?? [])),
      counted(own.flatMap(({ ownMs }) => ownMs ?? [])),
    ]
    return [`| ${cells.join(' | ')} |`]
  })
  return `\`check\` of five hosts with all links between them; the copy made while the chain runs, to four hosts at once: less than
64 MiB in all through the workstation, more straight from node-1; the most memory evha took from its start to its end; and what evha itself reports of the window, to be compared with the above.

| data | check, ms | seeding | MB/s | memory, MB | gap by evha, ms | part by evha, ms |
|---|---|---|---|---|---|---|
${figures.join('\n')}`
}

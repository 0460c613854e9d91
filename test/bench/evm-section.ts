import { type PartName, replayMs, windowParts } from '../../src/steps/gates/prediction.ts'
import { type EvmRound, farthestOf, hostsOf, type Kind, type ReplayRound } from './evm-rounds.ts'
import { counted, quantile } from './figures.ts'
import { atMost, goalTable } from './goals.ts'
import { machine } from './page.ts'
import { evmHeading } from './section.ts'

const gapRatioMax = 1.1
const errorMaxPercent = 20
const wordsMax = 240

const names: Readonly<Record<Kind, string>> = {
  without: 'without execution clients',
  warm: 'EVM, clients at the head',
  behind: 'EVM, one client that lost blocks',
}
/** The words for the parts of a gap in a narrow table. */
const shown: Readonly<Record<PartName, string>> = {
  ...windowParts,
  replay: 'replay',
  produce: 'last start to first block, without replay',
}
const partNames = Object.keys(windowParts) as readonly PartName[]

/** The section of the page, from whatever rounds there are. */
export function evmSection(rounds: readonly EvmRound[]): string {
  const days = [...new Set(rounds.map(({ at }) => at.slice(0, 10)))].join(', ')
  const label = rounds.every(({ real }) => real)
    ? "the real `evm` application over go-ethereum behind the tests' proxy, the real `testapp` and the real local DA"
    : 'stand-ins, not the real node and clients'
  const kinds = (['without', 'warm'] as const).filter((kind) => made(rounds, kind).length > 0)
  return `${evmHeading}

Written by \`script/bench evm --write\` on ${days}, with **${label}**, on one machine: ${machine()}.
Five hosts ([host tier](host-tier.md)), all on that machine, new for each round, blocks of 1 s without transactions; both chains in turn. On the EVM chain each host runs an
execution client beside its node. Gap by the times in the nodes' own blocks; its parts by evha's journal. Median (lowest to highest).

| chain | rounds | gap p50, ms | ${partNames.map((name) => `${shown[name]}, ms`).join(' | ')} | five of five voting | forks |
|${'---|'.repeat(partNames.length + 5)}
${kinds.map((kind) => rowOf(made(rounds, kind), kind)).join('\n')}

${replaySection(rounds)}
${goalTable(goals(rounds))}
${notMade(rounds)}`.trimEnd()
}

const made = (rounds: readonly EvmRound[], kind: Kind) =>
  rounds.filter((one) => one.kind === kind && one.window !== undefined)

function rowOf(rounds: readonly EvmRound[], kind: Kind): string {
  const windows = rounds.flatMap(({ window }) => window ?? [])
  const cells = [
    names[kind],
    rounds.length,
    counted(windows.map(({ gapMs }) => gapMs)),
    ...partNames.map((name) => counted(rounds.flatMap(({ times }) => times?.[name] ?? []))),
    `${windows.filter(({ voting }) => voting === hostsOf.warm).length} of ${rounds.length}`,
    windows.filter(({ forks }) => forks > 0).length,
  ]
  return `| ${cells.join(' | ')} |`
}

function replaySection(rounds: readonly EvmRound[]): string {
  const behind = made(rounds, 'behind')
  if (behind.length === 0) return ''
  const rows = behind.map((one) => {
    const { replay, window } = one
    const { predicted, leader } = replay ?? {}
    const took = replay === undefined ? undefined : farthestOf(replay)
    const cells = [
      took === undefined ? '-' : `${took.name}${took.name === leader ? ', which leads' : ''}`,
      one.lost ?? '-',
      predicted?.blocks ?? '-',
      predicted === undefined ? '-' : `${predicted.msPerBlock} (${predicted.source})`,
      predicted === undefined ? '-' : replayMs(predicted),
      took === undefined ? '-' : `${took.blocks} blocks in ${Math.round(took.tookMs)} ms`,
      replay === undefined ? '-' : percent(errorOf(replay)),
      window?.gapMs ?? '-',
      `${window?.voting} of ${hostsOf.behind}`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return `**What is left to replay.** Once its full node had ended in the window, the client of one peer lost blocks, as one does that went down before it had
written them. On three hosts: two full nodes catch up at once on two processors, where five hosts' would measure each other. evha predicts
from the proof on: blocks that the farthest client lacks, times the pace. What it took stands in the log of its node: found behind, to
synced; the chain waits where that one leads.

| client of | taken, blocks | lacked, blocks | pace, ms a block | predicted, ms | its replay | error | gap, ms | voting |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`
}

/** How far the prediction was beside what the farthest client took, in per cent of that; NaN where none replayed anything. */
export function errorOf(replay: ReplayRound): number {
  const took = farthestOf(replay)?.tookMs ?? 0
  return took === 0 ? Number.NaN : ((replayMs(replay.predicted) - took) / took) * 100
}

const percent = (value: number) =>
  Number.isNaN(value) ? '-' : `${value > 0 ? '+' : ''}${Math.round(value)} %`

function goals(rounds: readonly EvmRound[]) {
  const gap = (kind: Kind) =>
    quantile(
      made(rounds, kind).flatMap(({ window }) => window?.gapMs ?? []),
      0.5,
    )
  const errors = made(rounds, 'behind')
    .flatMap(({ replay }) => replay ?? [])
    .map((replay) => Math.abs(errorOf(replay)))
    .filter((error) => !Number.isNaN(error))
  return [
    atMost(
      'gap of an EVM chain with warm clients over that of one without',
      gap('warm') / gap('without'),
      gapRatioMax,
      'x',
    ),
    atMost(
      `error of the predicted replay, median of ${errors.length}`,
      quantile(errors, 0.5),
      errorMaxPercent,
      '%',
    ),
    atMost('error of the predicted replay, worst', quantile(errors, 1), errorMaxPercent, '%'),
  ].filter(({ seen }) => !seen.startsWith('NaN'))
}

function notMade(rounds: readonly EvmRound[]): string {
  const failed = rounds.filter((one) => one.failed !== undefined)
  if (failed.length === 0) return ''
  const told = failed.map(
    ({ kind, at, failed: why = '' }) =>
      `- ${names[kind]}, ${at.slice(0, 19)}Z: \`${why.trim().replace(/\s+/g, ' ').replaceAll('`', "'").slice(0, wordsMax)}\``,
  )
  return `\nRounds that were not made:\n\n${told.join('\n')}\n`
}

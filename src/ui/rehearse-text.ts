import type { RehearsalRecord, Spread } from '../run/rehearsal-record.ts'
import { windowParts } from '../steps/gates/prediction.ts'
import { type Row, twoColumns } from './columns.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

const words: Readonly<Record<string, string>> = windowParts

/** What a rehearsal measured, and what it stands for. */
export function rehearsalText(record: RehearsalRecord, palette: Palette = plain): string {
  const rows: Row[] = [
    [
      'on',
      record.on === 'lab'
        ? `an embedded lab${record.standIn ? ', with stand-in nodes' : ''}`
        : 'staging hosts',
    ],
    ['nodes', String(record.subject.nodes)],
    ['seeded', `${record.seededBytes} bytes`],
    ...measured('gap', record.gap),
    ...Object.entries(record.parts).flatMap(([name, spread]) => measured(`  ${words[name] ?? name}`, spread)),
    ...measured('back after overrun', record.overrun),
    ...measured('failover gap', record.failover),
    ...measured('all voting again', record.allVoting),
    ...measured('rollback', record.rollback),
    ...(record.replayMsPerBlock === undefined
      ? []
      : [['replay to a client', `${record.replayMsPerBlock} ms a block`] satisfies Row]),
    ['signed twice', record.signedTwice.length === 0 ? 'none' : record.signedTwice.join(', ')],
    ['runs', record.runs.join(', ')],
    ['digest', record.digest],
  ]
  const verdict = record.ok
    ? palette.good('the rehearsal went well')
    : palette.bad(`the rehearsal did not go well: ${printable(record.failure ?? '')}`)
  return `${[verdict, ...twoColumns(rows, Number.POSITIVE_INFINITY, '  ', palette.dim)].join('\n')}\n`
}

function measured(label: string, spread: Spread | null): Row[] {
  if (spread === null) return []
  const { p50Ms, p95Ms, samples } = spread
  const one = `${(p50Ms / 1_000).toFixed(2)} s`
  return [[label, samples === 1 ? one : `${one} (p95 ${(p95Ms / 1_000).toFixed(2)} s of ${samples})`]]
}

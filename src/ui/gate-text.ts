import type { Gate } from '../base/names.ts'
import type { GateQuestion } from '../run/observer.ts'
import { type Row, twoColumns, wrap } from './columns.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

const titles: Readonly<Record<Gate, string>> = {
  cutover: 'Ready to cut over',
  commit: 'Point of no return',
  rollback: 'Ready to roll back',
  finish: 'Ready to finish',
}

/** What typing the chain id does, and what the other answers do. */
const asks: Readonly<Record<Gate, string>> = {
  cutover: 'Type the chain id to stop the sequencer and go on, or press Enter to leave it waiting.',
  commit:
    'Type the chain id to start the cluster, or `back` to return to the old sequencer. No answer in time means going back.',
  rollback:
    'Type the chain id to roll back, `no` to stay with the cluster, or press Enter to leave it waiting.',
  finish:
    'Type the chain id to remove the way back, or press Enter to leave it waiting; the cluster runs on.',
}

/** The gate's evidence, for a person who is to decide on it: what, evidence, what becomes irreversible. */
export function gateLines(question: GateQuestion, width: number, palette: Palette = plain): string[] {
  const rows: Row[] = question.evidence.map(([label, value]) => [printable(label), printable(value)])
  return [
    '',
    `  ${palette.strong(titles[question.gate])}  ${printable(question.chain)}`,
    '',
    ...twoColumns(rows, width, '  ', palette.dim),
    '',
    ...twoColumns([['by approving', question.irreversible]], width, '  ', palette.warn),
    '',
  ]
}

/** What to type. */
export function askLines(gate: Gate, width: number): string[] {
  return wrap(asks[gate], width - 2).map((line) => `  ${line}`)
}

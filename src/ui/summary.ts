import type { Report } from '../run/api.ts'
import { twoColumns, wrap } from './columns.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { hasResult, resultRows, standInNote } from './result-rows.ts'
import { type Palette, plain } from './style.ts'

/** The few lines at the end of a command that drove a run. */
export function summaryText(
  report: Report,
  palette: Palette = plain,
  width = Number.POSITIVE_INFINITY,
): string {
  const good = report.outcome === 'migrated' && report.hashContinuity !== false && report.forks.length === 0
  const paint = good ? palette.good : report.outcome === 'needsHuman' ? palette.bad : palette.warn
  const sentence = printable(outcomeSentence(report.outcome, report.chain))
  const lines = wrap(sentence, width).map((line) => paint(line))
  if (hasResult(report)) lines.push(...twoColumns(resultRows(report), width))
  if (hasResult(report) && report.standIn) lines.push(...wrap(standInNote, width))
  return `${lines.join('\n')}\n`
}

import type { Report } from '../run/api.ts'
import { twoColumns, widthMax } from './columns.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { hasResult, resultRows, standInNote } from './result-rows.ts'
import { type Palette, plain } from './style.ts'

/** The few lines at the end of a command that drove a run. */
export function summaryText(report: Report, palette: Palette = plain): string {
  const good = report.outcome === 'migrated' && report.hashContinuity !== false && report.forks.length === 0
  const paint = good ? palette.good : report.outcome === 'needsHuman' ? palette.bad : palette.warn
  const lines = [paint(printable(outcomeSentence(report.outcome, report.chain)))]
  if (hasResult(report)) lines.push(...twoColumns(resultRows(report), widthMax))
  if (hasResult(report) && report.standIn) lines.push(standInNote)
  return `${lines.join('\n')}\n`
}

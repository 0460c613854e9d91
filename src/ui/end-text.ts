import type { RunEnd } from '../run/api.ts'
import { askedAnew } from '../run/ends.ts'
import { wrap } from './columns.ts'
import { failureLines } from './failure-text.ts'
import { type Palette, plain } from './style.ts'

/** How a command ended that drove a run: the failure once more, where the log is, and what to type next. */
export interface EndFacts {
  readonly end: Pick<RunEnd, 'outcome' | 'exitCode' | 'failure' | 'next'>
  /** The run's log file, absolute. */
  readonly log: string | null
  /** True when a finished run was only looked at. */
  readonly untouched: boolean
  /** True where a person can be asked: the command to copy approves nothing then. */
  readonly asks: boolean
}

const finished: readonly RunEnd['outcome'][] = ['aborted', 'rolledBack', 'needsHuman']

/** The last lines on stderr. */
export function endLines(
  { end, log, untouched, asks }: EndFacts,
  palette: Palette = plain,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const lines: string[] = []
  if (untouched) lines.push('this run is finished; nothing was done')
  if (end.failure !== null && !untouched) lines.push('', ...failureLines(end.failure, palette))
  if (end.failure !== null && log !== null) lines.push(`log: ${log}`)
  if (end.next === null) return lines
  const over = finished.includes(end.outcome) || (end.outcome === 'migrated' && end.exitCode === 0)
  // On a line of its own and never broken: it is there to be copied.
  return [
    ...lines,
    ...wrap(over ? 'the whole report:' : whyNext(end, asks), width),
    `  ${asks ? askedAnew(end.next) : end.next}`,
  ]
}

function whyNext(end: EndFacts['end'], asks: boolean): string {
  if (end.exitCode === 4 && asks) return 'nobody approved the gate yet; to be asked again, type:'
  if (end.exitCode === 4) return 'nobody approved the gate yet; once it is approved, go on with:'
  if (end.outcome === 'returned') return 'the next attempt begins with:'
  return 'go on with:'
}

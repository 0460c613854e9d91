import type { OpenWindow } from '../run/observer.ts'
import type { Row } from './columns.ts'
import { duration } from './figures.ts'
import { printable } from './printable.ts'

/** How long the chain has stood still, and what is left of the budget. */
export function standstillRows({ stoppedSinceMs, deadlineMs }: OpenWindow, nowMs: number): Row[] {
  const rows: Row[] = []
  if (stoppedSinceMs !== null)
    rows.push(['stands still', `for ${duration(Math.max(0, nowMs - stoppedSinceMs))}`])
  if (deadlineMs !== null) rows.push(['budget', left(deadlineMs - nowMs)])
  return rows
}

const left = (ms: number) =>
  ms > 0 ? `${duration(ms)} left, then back to the old sequencer` : 'spent: going back'

/** Older heights than this are told with their age: a chain that runs must not look as if it stood still. */
const freshMs = 5_000

/** The last height seen of each node, in the order of their names, and how long ago that was. */
export function heightRows(newest: Readonly<Record<string, number>>, agoMs = 0): Row[] {
  const all = Object.entries(newest).sort(([one], [other]) => (one < other ? -1 : 1))
  if (all.length === 0) return []
  const heights = all.map(([node, height]) => `${printable(node)} ${height}`).join('  ')
  return [['heights', agoMs < freshMs ? heights : `${heights}, ${duration(agoMs)} ago`]]
}

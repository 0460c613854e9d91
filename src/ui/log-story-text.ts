import type { ErrorSeen, LogStory } from '../evnode/log-story.ts'
import { twoColumns } from './columns.ts'
import { counted, time } from './figures.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** A node's log in plain words: what happened, what its errors mean, what to do. */
export function storyText(story: LogStory, width: number, palette: Palette = plain): string {
  const lines = [summary(story), '']
  const half = story.leftOut === 0 ? story.happenings.length : story.happenings.length / 2
  for (const [index, { atMs, says }] of story.happenings.entries()) {
    if (index === half) lines.push(palette.dim(`  … and ${story.leftOut} more in between`))
    lines.push(`  ${palette.dim(atMs === undefined ? '' : `${clock(atMs)}  `)}${printable(says)}`)
  }
  if (story.happenings.length > 0) lines.push('')
  if (story.producedTwice.length > 0)
    lines.push(palette.bad(`produced a second time: ${story.producedTwice.join(', ')}`), '')
  for (const error of story.errors) lines.push(...errorLines(error, width, palette), '')
  if (story.unexplained.length > 0) {
    lines.push('lines of trouble that evha knows nothing of')
    for (const { line, count } of story.unexplained) lines.push(`  ${count} x  ${printable(line)}`)
    lines.push('')
  }
  return `${[...lines, `next: ${story.next}`].join('\n')}\n`
}

function summary({ lines, foreign, fromMs, toMs, starts, produced }: LogStory): string {
  const span = fromMs === undefined || toMs === undefined ? '' : `, ${stamp(fromMs)} to ${stamp(toMs)}`
  const others = foreign === 0 ? '' : ` (${foreign} not of a node)`
  const blocks =
    produced === null
      ? 'no block produced'
      : `${counted(produced.count, 'block')} produced (${produced.from} to ${produced.to})`
  return `${counted(lines, 'line')}${others}${span}; ${counted(starts, 'start')}; ${blocks}`
}

function errorLines(error: ErrorSeen, width: number, palette: Palette): string[] {
  const { line, count, firstAtMs, lastAtMs, cause, cure, prevented } = error
  const when =
    firstAtMs === undefined || lastAtMs === undefined
      ? ''
      : count === 1
        ? ` at ${clock(firstAtMs)}`
        : `, first at ${clock(firstAtMs)}, last at ${clock(lastAtMs)}`
  return [
    palette.warn(printable(line)),
    ...twoColumns(
      [
        ['seen', `${count === 1 ? 'once' : `${count} times`}${when}`],
        ['cause', cause],
        ['cure', cure],
        ['evha', prevented ? 'keeps a migration from running into this' : 'does not prevent this'],
      ],
      width,
      '  ',
      palette.dim,
    ),
  ]
}

const stamp = (ms: number) => time(new Date(ms).toISOString())
const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19)

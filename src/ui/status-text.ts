import type { Status } from '../run/api.ts'
import { type Row, twoColumns } from './columns.ts'
import { failureLines } from './failure-text.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** Where a run stands, why, and what to type next. */
export function statusText(status: Status, palette: Palette = plain): string {
  const rows: Row[] = [
    ['run', status.run],
    ['state', `${status.state}: ${printable(status.says)}`],
    ['attempt', String(status.attempt)],
    [
      'driven',
      status.running ? 'yes, an evha process is at work on it' : 'no, no evha process is at work on it',
    ],
    ['directory', status.dir],
  ]
  const first = status.running
    ? `${status.chain}: ${printable(status.says)}.`
    : outcomeSentence(status.outcome, status.chain)
  const lines = [
    palette.strong(printable(first)),
    ...twoColumns(rows, Number.POSITIVE_INFINITY, '  ', palette.dim),
  ]
  if (status.failure !== null) lines.push('', ...failureLines(status.failure, palette))
  if (isLeftInWindow(status)) lines.push('', leftInWindow)
  if (status.next !== null && !status.running) lines.push('', `${whatNext(status.next)}: ${status.next}`)
  return `${lines.join('\n')}\n`
}

/** A finished run is not gone on with: its next command only tells of it. */
const whatNext = (next: string) => (next.startsWith('evha report ') ? 'the whole report' : 'go on with')

/** The run's own files can not say what happened on the hosts since. */
const leftInWindow =
  'Left in the window: seconds after the last heartbeat the hosts go back to the single sequencer by themselves; going on finds out.'

const isLeftInWindow = ({ state, phase, running }: Status): boolean =>
  !running &&
  ((phase === 'window' && state !== 'window.arm') || state === 'gate.commit' || state === 'commit.decide')

import type { Status } from '../run/api.ts'
import { askedAnew } from '../run/ends.ts'
import { type Row, twoColumns, wrap } from './columns.ts'
import { failureLines } from './failure-text.ts'
import { outcomeSentence, stateSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** Where a status is read. */
export interface StatusPlace {
  readonly width: number
  /** True where a person can be asked: the command to copy approves nothing then. */
  readonly asks: boolean
}

/** Where a run stands, why, and what to type next. */
export function statusText(
  status: Status,
  palette: Palette = plain,
  { width, asks }: StatusPlace = { width: Number.POSITIVE_INFINITY, asks: false },
): string {
  const rows: Row[] = [
    ['run', status.run],
    ['state', stateSentence(status.state, printable(status.says))],
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
    ...wrap(printable(first), width).map((line) => palette.strong(line)),
    ...twoColumns(rows, width, '  ', palette.dim),
  ]
  if (status.failure !== null) lines.push('', ...failureLines(status.failure, palette))
  if (isLeftInWindow(status)) lines.push('', ...wrap(leftInWindow, width))
  if (isLeftWithCluster(status)) lines.push('', ...wrap(leftWithCluster, width))
  if (status.next !== null && !status.running)
    lines.push(
      '',
      ...(asks
        ? [`${whatNext(status.next)}:`, `  ${askedAnew(status.next)}`]
        : [`${whatNext(status.next)}: ${status.next}`]),
    )
  return `${lines.join('\n')}\n`
}

/** A finished run is not gone on with: its next command only tells of it. */
const whatNext = (next: string) => (next.startsWith('evha report ') ? 'the whole report' : 'go on with')

/** The run's own files can not say what happened on the hosts since. */
const leftInWindow =
  'Left in the window: seconds after the last heartbeat the hosts go back to the single sequencer by themselves; going on finds out.'

/** A closed terminal in the window ends here: what makes blocks is done, what only looks at them waits for somebody. */
const leftWithCluster =
  'Left after the commit: the cluster made its first blocks, and needs no evha to go on; resumed, the run looks at every node.'

const isLeftWithCluster = ({ phase, running }: Status): boolean => !running && phase === 'after'

const isLeftInWindow = ({ state, phase, running }: Status): boolean =>
  !running &&
  ((phase === 'window' && state !== 'window.arm') || state === 'gate.commit' || state === 'commit.decide')

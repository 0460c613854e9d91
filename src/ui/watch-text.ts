import { quote } from '../remote/render.ts'
import { askedAnew } from '../run/ends.ts'
import type { Watched } from '../run/watched.ts'
import { type Row, twoColumns, widthMax, wrap } from './columns.ts'
import { duration } from './figures.ts'
import { heightRows, standstillRows } from './moment-rows.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** A run as it is at this moment, for a terminal that is drawn anew each time. */
export function watchLines(
  seen: Watched,
  nowMs: number,
  width = widthMax,
  palette: Palette = plain,
): string[] {
  const { live } = seen
  const paint = seen.stoppedSinceMs === null ? palette.strong : palette.warn
  const rows: Row[] = [
    ['state', `${seen.state}${seen.attempt > 1 ? `, attempt ${seen.attempt}` : ''}`],
    ...standstillRows(seen, nowMs),
    ...(live === null || live.progress === '' ? [] : [['now', printable(live.progress)] satisfies Row]),
    ...heightRows(live?.heights ?? {}, agoMs(live?.heightsAt, nowMs)),
    ...waitingAt(seen),
    ...seen.steps.map((step, i): Row => [i === 0 ? 'done' : '', cut(stepLine(step), width - stepIndent)]),
  ]
  return [
    ...wrap(headline(seen), width).map((line) => paint(line)),
    ...twoColumns(rows, width, '  ', palette.dim),
    `  ${palette.dim('from here:')}`,
    ...commands(seen).map((command) => `  ${command}`),
  ]
}

/** One line for each change, where nothing can be drawn anew. */
export function watchLine(seen: Watched): string {
  const now = seen.live?.progress ?? ''
  return printable(`${seen.state}: ${now === '' ? seen.says : now}`)
}

const agoMs = (at: string | null | undefined, nowMs: number) => nowMs - (at == null ? nowMs : Date.parse(at))

function headline(seen: Watched): string {
  return printable(seen.running ? `${seen.chain}: ${seen.says}` : outcomeSentence(seen.outcome, seen.chain))
}

function waitingAt({ gate, running }: Watched): Row[] {
  if (gate === null || !running) return []
  return [['waits', `at the gate ${gate}, for an answer in the terminal that drives the run`]]
}

function stepLine({ says, durationMs, ok }: Watched['steps'][number]): string {
  return `${ok ? 'ok' : 'failed'} ${duration(durationMs)}  ${printable(says)}`
}

const stepIndent = 16

/** A step that is over has one line. */
const cut = (text: string, width: number) =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

/** What can be typed in this terminal while the other one is at work; a line each, there to be copied. */
function commands(seen: Watched): string[] {
  if (!seen.running) return [seen.next === null ? 'nothing is left to do' : askedAnew(seen.next)]
  const verbs = seen.irreversible ? ['pause'] : ['pause', 'abort']
  return verbs.map((verb) => `evha ${verb} ${seen.run} --state-dir ${quote(seen.stateDir)}`)
}

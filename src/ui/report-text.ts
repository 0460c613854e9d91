import type { Report } from '../run/api.ts'
import type { Row } from './columns.ts'
import { bytes, duration, time } from './figures.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { resultRows, standInNote } from './result-rows.ts'

/** The report of a run as Markdown. */
export function reportText(report: Report): string {
  const sections = [
    ...head(report),
    '## Result',
    table(['what', 'seen'], [...resultRows(report), ...transferred(report)]),
    '## Approvals',
    approvals(report),
    '## Steps',
    steps(report),
    '## Left behind on the hosts',
    leftBehind(report),
    '## Next',
    report.next === null ? 'Nothing is left to do.' : code(report.next),
  ]
  return `${sections.join('\n\n')}\n`
}

function head(report: Report): string[] {
  const lines = [
    `# ${inline(report.chain)}: ${report.outcome}`,
    outcomeSentence(report.outcome, inline(report.chain)),
  ]
  if (report.standIn) lines.push(standInNote)
  if (report.failure !== null) lines.push(failure(report.failure))
  return [
    ...lines,
    list([
      `run: \`${report.run}\``,
      `state: \`${report.state}\`, ${inline(report.says)}`,
      `attempt: ${report.attempt}`,
      `begun: ${time(report.startedAt)}`,
      `ended: ${report.endedAt === null ? 'not yet' : time(report.endedAt)}`,
    ]),
  ]
}

const changedWords = { no: 'nothing', yes: 'yes', unknown: 'unknown' } as const

function failure(last: NonNullable<Report['failure']>): string {
  const lines = [`what failed: ${inline(last.message)}`, `changed: ${changedWords[last.changedAnything]}`]
  return list(last.hint === '' ? lines : [...lines, `cure: ${inline(last.hint)}`])
}

function transferred(report: Report): Row[] {
  return [
    ['copied while the chain ran', bytes(report.bytesSeeded)],
    ['copied in the window', bytes(report.bytesFinal)],
  ]
}

function approvals({ approvals: given }: Report): string {
  if (given.length === 0) return 'None was given.'
  return table(
    ['gate', 'approved by', 'at', 'bound to'],
    given.map(({ gate, by, at, digest }) => [gate, by, time(at), `\`${digest.slice(0, 16)}\``]),
  )
}

function steps(report: Report): string {
  if (report.steps.length === 0) return 'None was begun.'
  const many = report.steps.some((step) => step.attempt > 1)
  const rows = report.steps.map((step) => {
    const cells = [
      step.startedAt.slice(11, 23),
      step.state,
      step.says,
      duration(step.durationMs),
      step.ok ? 'ok' : 'failed',
    ]
    return many ? [String(step.attempt), ...cells] : cells
  })
  const heads = ['begun (UTC)', 'state', 'what', 'took', 'end']
  return table(many ? ['attempt', ...heads] : heads, rows)
}

function leftBehind({ leftBehind: left }: Report): string {
  return left.length === 0
    ? 'Nothing is recorded yet: it is listed when the run ends.'
    : list(left.map(inline))
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n')
}

const cell = (text: string) => inline(text).replaceAll('|', '\\|')
const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n')
const code = (text: string) => `\`\`\`sh\n${printable(text)}\n\`\`\``

/** Words from outside as one line of Markdown that starts no tag. */
const inline = (text: string) => printable(text).replaceAll('<', '&lt;')

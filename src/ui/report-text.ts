import type { Report } from '../run/api.ts'
import type { FullReport } from '../run/full-report.ts'
import type { Row } from './columns.ts'
import { groupCommands } from './command-groups.ts'
import { bytes, counted, duration, time } from './figures.ts'
import { hookRow } from './hook-row.ts'
import { outcomeSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { resultRows, standInNote } from './result-rows.ts'
import { unfinishedSentence } from './unfinished.ts'
import { withoutSecrets } from './without-secrets.ts'

/** The report of a run as Markdown. */
export function reportText(full: FullReport): string {
  const { report } = full
  const sections = [
    ...head(full),
    '## Result',
    table(['what', 'seen'], [...resultRows(report), ...transferred(report)]),
    '## Block heights',
    heights(full),
    '## Approvals',
    approvals(full),
    '## Steps',
    steps(report),
    ...evidence(full),
    ...(full.hooks.length === 0 ? [] : ['## Hooks', table(['hook', 'call'], full.hooks.map(hookRow))]),
    '## Left behind on the hosts',
    leftBehind(report),
    ...commands(full),
    '## Next',
    report.next === null ? 'Nothing is left to do.' : code(report.next),
  ]
  return `${sections.join('\n\n')}\n`
}

function head(full: FullReport): string[] {
  const { report } = full
  const lines = [
    `# ${inline(report.chain)}: ${report.outcome}`,
    outcomeSentence(report.outcome, inline(report.chain)),
  ]
  if (report.standIn) lines.push(standInNote)
  if (!full.finished) lines.push(`**This run is not finished.** ${inline(unfinishedSentence(full))}`)
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

function approvals({ approvals: given }: FullReport): string {
  if (given.length === 0) return 'None was given.'
  const head = table(
    ['gate', 'approved by', 'at', 'after', 'bound to'],
    given.map(({ gate, by, at, waitedMs, digest }) => [
      gate,
      by,
      time(at),
      duration(waitedMs),
      `\`${digest.slice(0, 16)}\``,
    ]),
  )
  const shown = given.map(({ gate, rows }) => `Shown at ${gate}:\n\n${table(['what', 'seen'], rows)}`)
  return [head, ...shown].join('\n\n')
}

function evidence({ evidence: parts }: FullReport): string[] {
  if (parts.length === 0) return []
  return [
    '## Evidence',
    ...parts.map(({ title, rows }) => `### ${title}\n\n${table(['what', 'seen'], rows)}`),
  ]
}

/** What the page draws, as first and last height of each node. */
function heights({ heights: nodes }: FullReport): string {
  const rows = nodes.flatMap(({ node, points }) => {
    const [first, last] = [points[0], points.at(-1)]
    if (first === undefined || last === undefined) return []
    return [[node, ...[first, last].flatMap(([ms, height]) => [String(height), clock(ms)])]]
  })
  if (rows.length === 0) return 'No heights were recorded in this run.'
  return table(['node', 'first seen', 'at (UTC)', 'last seen', 'at (UTC)'], rows)
}

/** Every command with its end on each host; the scripts that commands share stand once, below. */
function commands({ report, ran }: FullReport): string[] {
  const { groups, scripts } = groupCommands(report.steps, ran.commands)
  const lines = groups.flatMap(({ step, commands: all }) => [
    `### ${step === null ? 'between two steps' : `${step.state}: ${inline(step.says)}`}`,
    ...all.map(({ says, text, mutates, ends }) => {
      const ended = ends.map(
        ({ host, exit, times }) => `${host} exit ${exit}${times > 1 ? ` (${times} times)` : ''}`,
      )
      return `${inline(says)} (${mutates ? 'changes' : 'reads'}; ${inline(ended.join(', '))})\n\n${code(text)}`
    }),
  ])
  const missing = ran.missing === null ? [] : [`Not all of them: ${inline(ran.missing)}.`]
  return [
    '## Commands on the hosts',
    `${counted(ran.commands.length, 'command')}; secrets stand as [redacted].`,
    ...missing,
    ...lines,
    ...scripts.map((text, i) => `### SCRIPT_${i + 1}\n\n${code(text)}`),
  ]
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
const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23)

/** A fence longer than any that stands in the text. */
function code(text: string): string {
  const lines = withoutSecrets(text).split('\n').map(printable)
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}sh`, ...lines, fence].join('\n')
}

/** Words from outside as one line of Markdown that starts no tag. */
const inline = (text: string) => printable(withoutSecrets(text)).replaceAll('<', '&lt;')

import type { Verdict } from './observation.ts'

export interface Row {
  readonly group: string
  readonly name: string
  readonly verdict: Verdict
}

const words = { same: 'same', differs: 'differs', notReachable: 'not reachable', failed: 'failed' } as const
const shownChars = 160

/** The table, case by case, as Markdown: `differs` with both observations, `not reachable` with why. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ group, name, verdict }) => `| ${group} | ${name} | ${words[verdict.kind]} |${remark(verdict)} |`,
  )
  return ['| group | case | stand-in and real node | remark |', '|---|---|---|---|', ...lines].join('\n')
}

/** How many of each, in one line. */
export function countsOf(rows: readonly Row[]): string {
  const count = (kind: Verdict['kind']) => rows.filter(({ verdict }) => verdict.kind === kind).length
  const failed = count('failed') > 0 ? `, ${count('failed')} failed` : ''
  return `${rows.length} cases: ${count('same')} same, ${count('differs')} differ, ${count('notReachable')} not reachable${failed}`
}

function remark(verdict: Verdict): string {
  if (verdict.kind === 'same') return ''
  if (verdict.kind !== 'differs') return ` ${cell(verdict.why)}`
  return verdict.differences
    .map(({ at, standIn, real }) => ` \`${at}\`: stand-in ${code(standIn)}, real ${code(real)}`)
    .join(';')
}

function code(text: string): string {
  return `\`${cell(text).replaceAll('`', "'")}\``
}

function cell(text: string): string {
  const line = text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return line.length > shownChars ? `${line.slice(0, shownChars)}…` : line
}

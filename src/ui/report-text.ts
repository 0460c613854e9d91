import type { Report, StepReport } from '../run/api.ts'
import { bytesText, durationText } from './duration.ts'
import { failureText } from './failure-text.ts'
import { outcomeLine } from './summary.ts'

/** The report as Markdown. */
export function reportText(report: Report): string {
  return [
    `# ${report.chain}: ${report.outcome}`,
    '',
    `${outcomeLine(report)}.${report.standIn ? ' The nodes were stand-ins of the embedded lab.' : ''}`,
    '',
    `Run \`${report.run}\`, begun ${report.startedAt}${report.endedAt === null ? '' : `, last ended ${report.endedAt}`}, attempt ${report.attempt}, state \`${report.state}\`.`,
    '',
    '| what | seen |',
    '|---|---|',
    ...figures(report).map(([what, seen]) => `| ${what} | ${seen} |`),
    '',
    ...failure(report),
    ...list(
      'Approvals',
      report.approvals.map(
        ({ gate, by, at, digest }) => `${gate}: ${by}, ${at}, bound to \`${digest.slice(0, 12)}\``,
      ),
    ),
    ...list('Steps', report.steps.map(stepLine)),
    ...list('Left on the hosts', report.leftBehind),
    ...(report.next === null ? [] : ['## Next', '', `\`${report.next}\``, '']),
  ].join('\n')
}

function figures(report: Report): (readonly [string, string])[] {
  const known = (value: number | null, text: (value: number) => string) =>
    value === null ? 'not measured' : text(value)
  const forks = report.nodesVoting === null && report.forks.length === 0 ? 'not watched' : 'none'
  return [
    ['last old height', known(report.lastOldHeight, String)],
    ['first cluster height', known(report.firstClusterHeight, String)],
    ['gap, last old block to first cluster block', known(report.gapMs, durationText)],
    ['of it evha itself', known(report.ownOverheadMs, durationText)],
    ['predicted before the cutover', known(report.predictedGapMs, durationText)],
    ['nodes voting', known(report.nodesVoting, (voting) => `${voting} of ${report.nodesTotal}`)],
    [
      'hash link from old to new',
      report.hashContinuity === null ? 'not measured' : report.hashContinuity ? 'unbroken' : 'broken',
    ],
    ['heights signed twice', report.forks.length === 0 ? forks : report.forks.join(', ')],
    ['copied while the chain ran', bytesText(report.bytesSeeded)],
    ['copied in the window', bytesText(report.bytesFinal)],
  ]
}

function failure({ failure: found }: Report): string[] {
  return found === null ? [] : ['## What went wrong last', '', '```', failureText(found), '```', '']
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines.map((line) => `- ${line}`), '']
}

const stepLine = ({ state, attempt, durationMs, ok, says }: StepReport) =>
  `${ok ? 'done' : 'FAILED'} \`${state}\`${attempt > 1 ? ` (attempt ${attempt})` : ''} in ${durationText(durationMs)}: ${says}`

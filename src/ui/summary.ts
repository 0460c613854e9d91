import type { Report } from '../run/api.ts'
import { durationText } from './duration.ts'

/** The few lines a drive ends with. */
export function summaryText(report: Report): string {
  const lines = [outcomeLine(report)]
  if (report.lastOldHeight !== null) lines.push(`  last old height       ${report.lastOldHeight}`)
  if (report.firstClusterHeight !== null) lines.push(`  first cluster height  ${report.firstClusterHeight}`)
  if (report.gapMs !== null)
    lines.push(`  gap                   ${durationText(report.gapMs)}${ownPart(report)}`)
  if (report.nodesVoting !== null)
    lines.push(`  voting                ${report.nodesVoting} of ${report.nodesTotal}`)
  if (report.hashContinuity !== null)
    lines.push(`  hash link             ${report.hashContinuity ? 'unbroken' : 'BROKEN'} from old to new`)
  if (report.nodesVoting !== null || report.forks.length > 0)
    lines.push(
      `  signed twice          ${report.forks.length === 0 ? 'none' : `heights ${report.forks.join(', ')}`}`,
    )
  if (report.standIn) lines.push('  these were stand-in nodes of the embedded lab, not the real node')
  if (report.next !== null) lines.push(`  next                  ${report.next}`)
  return `${lines.join('\n')}\n`
}

const ownPart = ({ ownOverheadMs }: Report) =>
  ownOverheadMs === null ? '' : `, of it evha ${durationText(ownOverheadMs)}`

const outcomes: Readonly<Record<Report['outcome'], string>> = {
  migrated: 'migrated: the cluster produces',
  aborted: 'aborted: the old sequencer produces alone, what was prepared is removed',
  returned: 'returned: the old sequencer produces alone; another attempt can be made',
  rolledBack: 'rolled back: one sequencer produces alone',
  waiting: 'waiting',
  interrupted: 'interrupted',
  failed: 'failed',
  needsHuman: 'NEEDS A HUMAN: start nothing before you have read the report',
}

/** One sentence: how it stands. */
export function outcomeLine(report: Pick<Report, 'outcome' | 'says' | 'run'>): string {
  const where = ['waiting', 'interrupted', 'failed'].includes(report.outcome) ? `: ${report.says}` : ''
  return `${outcomes[report.outcome]}${where}`
}

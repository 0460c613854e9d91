import type { Report } from '../run/api.ts'
import type { Row } from './columns.ts'
import { duration } from './figures.ts'

const unknown = 'not measured'

/** What a migration is measured by, as label and value; the same rows in summary and report. */
export function resultRows(report: Report): Row[] {
  return [
    ['last old height', number(report.lastOldHeight)],
    ['first cluster height', number(report.firstClusterHeight)],
    ['gap', span(report.gapMs)],
    ['our own part of it', span(report.ownOverheadMs)],
    ...(report.operatorWaitMs === 0
      ? []
      : ([['waited for you', `${duration(report.operatorWaitMs)} at the commit gate`]] satisfies Row[])),
    ['gap predicted', span(report.predictedGapMs)],
    ['voting', report.nodesVoting === null ? unknown : `${report.nodesVoting} of ${report.nodesTotal}`],
    ['hash link', link(report.hashContinuity)],
    ['heights signed twice', forks(report)],
    ...clients(report),
  ]
}

/** True once the cluster was seen to produce; before that the figures are of an attempt that went back. */
export function hasResult(report: Report): boolean {
  return report.firstClusterHeight !== null
}

const number = (value: number | null) => (value === null ? unknown : String(value))
const span = (ms: number | null) => (ms === null ? unknown : duration(ms))

function link(continuity: boolean | null): string {
  if (continuity === null) return unknown
  return continuity ? 'unbroken' : 'BROKEN'
}

function clients({ clients: seen }: Report): Row[] {
  if (seen === undefined) return []
  const wrong = seen.flatMap(({ node, why }) => (why === null ? [] : [`${node}: ${why}`]))
  return [
    [
      'execution clients',
      [`${seen.length - wrong.length} of ${seen.length} hold the chain`, ...wrong].join('; '),
    ],
  ]
}

/** An empty list means "none" only where somebody looked: that is, once the cluster was seen to produce. */
function forks({ forks: heights, firstClusterHeight }: Report): string {
  if (heights.length > 0) return heights.join(', ')
  return firstClusterHeight === null ? unknown : 'none'
}

/** Said wherever figures of a lab are shown. */
export const standInNote =
  'The nodes were stand-ins of the embedded lab; the figures say nothing about the real node.'

import type { FullReport } from '../run/full-report.ts'

/** Where a run stands that can still go on, in one sentence. */
export function unfinishedSentence({ report, running }: Pick<FullReport, 'report' | 'running'>): string {
  const where = `It stands at ${report.state}: ${report.says}.`
  return running
    ? `${where} An evha process is at work on it.`
    : `${where} Nobody is at work on it; go on with:`
}

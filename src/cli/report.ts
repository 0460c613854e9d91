import type { Command } from 'commander'
import { reportOf } from '../run/report.ts'
import { reportText } from '../ui/report-text.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha report [RUN]` */
export function addReport(program: Command, act: Act): void {
  explain(program.command('report'), 'what happened, as Markdown; from the journal alone', [
    ['evha report > report.md', 'the newest run'],
    ['evha report --json', 'the same for a program'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => {
        const report = reportOf(shared.stateDir, run)
        return { exitCode: 0, json: report, text: reportText(report) }
      }),
    )
}

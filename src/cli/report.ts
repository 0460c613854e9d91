import type { Command } from 'commander'
import { reportOf } from '../run/report.ts'
import { reportText } from '../ui/report-text.ts'
import { tellData, tellJson } from './output.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addReport: AddCommand = (program, run) =>
  program
    .command('report')
    .argument('[run]', 'run id (default: the newest run)')
    .description('what a run did and saw, as Markdown; from its journal alone')
    .action((id: string | undefined, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        const report = reportOf(shared.stateDir, id)
        if (shared.json) tellJson(report)
        else tellData(reportText(report))
        return 0
      })
    })

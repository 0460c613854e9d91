import type { Command } from 'commander'
import { checkRunbook } from '../run/check.ts'
import { checkText } from '../ui/check-text.ts'
import { tellData, tellJson } from './output.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addCheck: AddCommand = (program, run) =>
  program
    .command('check')
    .argument('<runbook>', 'YAML file')
    .description('read-only preflight over all hosts, every finding with a cure')
    .action((runbook: string, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        const report = await checkRunbook(runbook)
        if (shared.json) tellJson(report)
        else tellData(checkText(report))
        return report.ok ? 0 : 3
      })
    })

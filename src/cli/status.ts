import type { Command } from 'commander'
import { statusOf } from '../run/report.ts'
import { statusText } from '../ui/status-text.ts'
import { tellData, tellJson } from './output.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addStatus: AddCommand = (program, run) =>
  program
    .command('status')
    .argument('[run]', 'run id (default: the newest run)')
    .description('where a run stands, why, and what to type next')
    .action((id: string | undefined, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        const status = statusOf(shared.stateDir, id)
        if (shared.json) tellJson(status)
        else tellData(statusText(status))
        return 0
      })
    })

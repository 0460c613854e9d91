import type { Command } from 'commander'
import { resumeRun } from '../run/drive.ts'
import { driveAndTell } from './drive.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addResume: AddCommand = (program, run) =>
  program
    .command('resume')
    .argument('[run]', 'run id (default: the newest run)')
    .description('go on where the journal of a run stopped')
    .action((id: string | undefined, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, () => driveAndTell(shared, (options) => resumeRun(id, options)))
    })

import type { Command } from 'commander'
import { abortRun } from '../run/drive.ts'
import { driveAndTell } from './drive.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addAbort: AddCommand = (program, run) =>
  program
    .command('abort')
    .argument('[run]', 'run id (default: the newest run)')
    .description('before the point of no return: back to the single sequencer')
    .action((id: string | undefined, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, () => driveAndTell(shared, (options) => abortRun(id, options)))
    })

import type { Command } from 'commander'
import { startRun } from '../run/drive.ts'
import { driveAndTell } from './drive.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addMigrate: AddCommand = (program, run) =>
  program
    .command('migrate')
    .argument('<runbook>', 'YAML file; runbooks/single-to-ha.yaml is one to start from')
    .description('the guided migration from one sequencer to a cluster')
    .action((runbook: string, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, () => driveAndTell(shared, (options) => startRun(runbook, options)))
    })

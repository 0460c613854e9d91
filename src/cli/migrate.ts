import type { Command } from 'commander'
import { startRun } from '../run/drive.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha migrate RUNBOOK` */
export function addMigrate(program: Command, act: Act): void {
  explain(program.command('migrate'), 'the guided migration, gate by gate', [
    ['evha migrate runbook.yaml', 'asks at each gate'],
    ['evha migrate runbook.yaml --confirm cutover=my-chain', 'approves a gate ahead'],
  ])
    .argument('<runbook>', 'the runbook file')
    .action((runbook: string) =>
      act((shared) => driveCommand(shared, (options) => startRun(runbook, options))),
    )
}

import type { Command } from 'commander'
import { startRun } from '../run/drive.ts'
import { isPlanFile, readPlan } from '../run/plan-file.ts'
import { startPlanned } from '../run/start-planned.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import { dryRun } from './plan.ts'
import type { Act } from './result.ts'

/** `evha migrate RUNBOOK` */
export function addMigrate(program: Command, act: Act): void {
  explain(program.command('migrate'), 'the guided migration, gate by gate', [
    ['evha migrate runbook.yaml', 'asks at each gate'],
    ['evha migrate runbook.yaml --confirm cutover=my-chain', 'approves a gate ahead'],
    ['evha migrate runbook.yaml --dry-run', 'looks at every host, prints every command, changes nothing'],
    ['evha migrate plan.json', 'as it was planned, or not at all'],
  ])
    .argument('<runbook>', 'the runbook file, or a plan that was saved')
    .option('--dry-run', 'print what would be run on which host, and change nothing')
    .action((file: string, { dryRun: onPaper }: { dryRun?: boolean }) =>
      act((shared) => {
        const saved = isPlanFile(file)
        if (onPaper === true) return dryRun(saved ? readPlan(file).runbook.path : file, shared)
        return driveCommand(shared, (options) =>
          saved ? startPlanned(file, options) : startRun(file, options),
        )
      }),
    )
}

import type { Command } from 'commander'
import { adoptRun } from '../run/adopt.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha adopt RUNBOOK [RUN]` */
export function addAdopt(program: Command, act: Act): void {
  explain(
    program.command('adopt'),
    'go on with a run of another workstation, its journal taken from the hosts',
    [
      ['evha adopt runbook.yaml', 'the run that was held last'],
      ['evha adopt runbook.yaml my-chain-20260131T120000-a1b2', 'that run'],
    ],
  )
    .argument('<runbook>', 'the runbook it was begun with; logins and hooks as they are from here')
    .argument('[run]', 'the id of a run (default: the one that was held last)')
    .action((runbook: string, run: string | undefined) =>
      act((shared) => driveCommand(shared, (options) => adoptRun(runbook, run, options))),
    )
}

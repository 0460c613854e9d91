import type { Command } from 'commander'
import { resumeRun } from '../run/drive.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha resume [RUN]` */
export function addResume(program: Command, act: Act): void {
  explain(program.command('resume'), 'go on where the journal stopped', [
    ['evha resume', 'the newest run'],
    ['evha resume my-chain-20260131T120000-a1b2', 'that run'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => driveCommand(shared, (options) => resumeRun(run, options))),
    )
}

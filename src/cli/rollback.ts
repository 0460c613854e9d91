import type { Command } from 'commander'
import { rollbackRun } from '../run/drive.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha rollback [RUN]` */
export function addRollback(program: Command, act: Act): void {
  explain(
    program.command('rollback'),
    'after the point of no return, before finish: back to one sequencer, from the most advanced store',
    [['evha rollback', 'the newest run; asks at its gate']],
  )
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => driveCommand(shared, (options) => rollbackRun(run, options))),
    )
}

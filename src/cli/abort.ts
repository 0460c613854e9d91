import type { Command } from 'commander'
import { abortRun } from '../run/drive.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha abort [RUN]` */
export function addAbort(program: Command, act: Act): void {
  explain(program.command('abort'), 'before the point of no return: back to the single sequencer', [
    ['evha abort', 'the newest run, also one that another evha process drives'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => driveCommand(shared, (options) => abortRun(run, options))),
    )
}

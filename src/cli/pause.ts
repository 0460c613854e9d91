import type { Command } from 'commander'
import { pauseRun } from '../run/from-elsewhere.ts'
import { printable } from '../ui/printable.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** `evha pause [RUN]` */
export function addPause(program: Command, act: Act): void {
  explain(program.command('pause'), 'ask a run, from any terminal, to stop at the next safe point', [
    ['evha pause', 'the newest run; `evha resume` goes on with it'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => {
        const paused = pauseRun(shared.stateDir, run)
        const when = paused.later
          ? 'the window is open, so the run first goes on to where the chain produces again'
          : 'it stops as soon as the step it is in is done'
        const text = `asked ${paused.run} to stop: ${when}\nnow: ${printable(paused.says)}\n`
        return {
          exitCode: 0,
          json: jsonOf('paused', paused),
          text,
          last: ['see it stop: evha status --watch', 'go on: evha resume'],
        }
      }),
    )
}

import type { Command } from 'commander'
import { statusOf } from '../run/report.ts'
import { widthOf } from '../ui/columns.ts'
import { statusText } from '../ui/status-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'
import { watchStatus } from './watch-status.ts'

/** `evha status [RUN]` */
export function addStatus(program: Command, act: Act): void {
  explain(program.command('status'), 'where a run stands, why, and what to type next', [
    ['evha status', 'the newest run'],
    ['evha status --watch', 'again and again, from another terminal; ends when nobody is at work on it'],
    ['evha status --json', 'the same for a program'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .option('--watch', 'show it as it goes, until nobody drives the run or Ctrl-C; the run is not touched')
    .action((run: string | undefined, { watch }: { watch?: boolean }) =>
      act(async (shared) => {
        const watched = watch === true ? (await watchStatus(shared, run)).run : run
        // The last line said it already, and one object a line is what a program reads.
        if (watch === true && shared.json) return { exitCode: 0, json: null, text: '' }
        const status = statusOf(shared.stateDir, watched)
        const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
        const asks = process.stdin.isTTY === true && process.stdout.isTTY === true && shared.input
        return {
          exitCode: 0,
          json: jsonOf('status', status),
          text: statusText(status, palette, { width: widthOf(process.stdout), asks }),
        }
      }),
    )
}

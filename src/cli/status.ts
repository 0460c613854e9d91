import type { Command } from 'commander'
import { statusOf } from '../run/report.ts'
import { statusText } from '../ui/status-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha status [RUN]` */
export function addStatus(program: Command, act: Act): void {
  explain(program.command('status'), 'where a run stands, why, and what to type next', [
    ['evha status', 'the newest run'],
    ['evha status --json', 'the same for a program'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .action((run: string | undefined) =>
      act((shared) => {
        const status = statusOf(shared.stateDir, run)
        const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
        return { exitCode: 0, json: status, text: statusText(status, palette) }
      }),
    )
}

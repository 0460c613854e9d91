import type { Command } from 'commander'
import { checkRunbook } from '../run/check.ts'
import { checkText } from '../ui/check-text.ts'
import { widthOf } from '../ui/columns.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import type { Act } from './result.ts'

/** `evha check RUNBOOK` */
export function addCheck(program: Command, act: Act): void {
  explain(program.command('check'), 'look at every host and change nothing; each finding with its cure', [
    ['evha check runbook.yaml', 'exit code 3 when something blocks'],
    ['evha check runbook.yaml --json', 'the same for a program'],
  ])
    .argument('<runbook>', 'the runbook file')
    .action((runbook: string) =>
      act(async (shared) => {
        const { stdin, stderr, env } = process
        const closing = new AbortController().signal
        const ask = terminalPassphrase({ ...shared, stdin, stderr, env, closing })
        const report = await checkRunbook(runbook, ask)
        const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
        return {
          exitCode: report.ok ? 0 : 3,
          json: report,
          text: checkText(report, widthOf(process.stdout), palette),
        }
      }),
    )
}

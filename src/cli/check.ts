import type { Command } from 'commander'
import { checkRunbook, unitFileFor } from '../run/check.ts'
import { checkText } from '../ui/check-text.ts'
import { widthOf } from '../ui/columns.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'
import { writeOwn } from './write-own.ts'

/** `evha check RUNBOOK` */
export function addCheck(program: Command, act: Act): void {
  explain(program.command('check'), 'look at every host and change nothing; each finding with its cure', [
    ['evha check runbook.yaml', 'exit code 3 when something blocks'],
    ['evha check runbook.yaml --json', 'the same for a program'],
    ['evha check runbook.yaml --unit-file ev-node.service', 'a sequencer without a unit: write one for it'],
  ])
    .argument('<runbook>', 'the runbook file')
    .option('--unit-file <file>', 'write a unit here from the process that runs the sequencer without one')
    .action((runbook: string, { unitFile }: { unitFile?: string }) =>
      act((shared) =>
        unitFile === undefined ? check(runbook, shared) : writeUnit(runbook, shared, unitFile),
      ),
    )
}

async function check(runbook: string, shared: Shared): Promise<Result> {
  const report = await checkRunbook(runbook, asking(shared))
  const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
  return {
    exitCode: report.ok ? 0 : 3,
    json: report,
    text: checkText(report, widthOf(process.stdout), palette),
  }
}

async function writeUnit(runbook: string, shared: Shared, file: string): Promise<Result> {
  const { text, next } = await unitFileFor(runbook, asking(shared))
  const path = writeOwn(file, text, '# Written by evha')
  return { exitCode: 0, json: { file: path, text, next }, text: `${path}\n`, last: next }
}

function asking(shared: Shared) {
  const { stdin, stderr, env } = process
  return terminalPassphrase({ ...shared, stdin, stderr, env, closing: new AbortController().signal })
}

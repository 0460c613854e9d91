import type { Command } from 'commander'
import { quote } from '../remote/render.ts'
import { planRunbook } from '../run/plan.ts'
import { planFileText, planMark } from '../run/plan-file.ts'
import { checkText } from '../ui/check-text.ts'
import { widthOf } from '../ui/columns.ts'
import { planText } from '../ui/plan-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'
import { writeOwn } from './write-own.ts'

/** `evha plan RUNBOOK` */
export function addPlan(program: Command, act: Act): void {
  explain(
    program.command('plan'),
    'what would happen, in words and with the exact commands; nothing is changed',
    [
      ['evha plan runbook.yaml', 'every host is looked at, every command is printed'],
      ['evha plan runbook.yaml --out plan.json', 'save it; evha migrate plan.json holds to it'],
    ],
  )
    .argument('<runbook>', 'the runbook file')
    .option('--out <file>', 'save the plan, with a digest')
    .action((runbook: string, { out }: { out?: string }) => act((shared) => dryRun(runbook, shared, out)))
}

/** The whole migration on paper, for `plan` and for `migrate --dry-run`; exit 3 when the preflight blocks. */
export async function dryRun(runbook: string, shared: Shared, out?: string): Promise<Result> {
  const { stdin, stderr, stdout, env } = process
  const closing = new AbortController().signal
  const { check, plan } = await planRunbook(
    runbook,
    terminalPassphrase({ ...shared, stdin, stderr, env, closing }),
  )
  const palette = paletteOf(wantsColour(stdout, env, shared.color))
  const width = widthOf(stdout)
  const { chain, ok, findings } = check
  if (plan === null)
    return {
      exitCode: 3,
      json: jsonOf('plan', { chain, ok, findings, plan, file: null }),
      text: checkText(check, width, palette),
      last: ['no plan was made: cure what blocks first'],
    }
  const file = out === undefined ? null : writeOwn(out, planFileText(plan), planMark)
  const found = findings.length === 0 ? [] : ['', checkText({ ...check, facts: [] }, width, palette)]
  return {
    exitCode: 0,
    json: jsonOf('plan', { chain, ok, findings, plan, file }),
    text: [planText(plan, width, palette), ...found].join('\n'),
    last: [
      'nothing was changed',
      file === null
        ? `go on with: evha migrate ${quote(runbook)}`
        : `saved in ${file}; go on with: evha migrate ${quote(file)}`,
    ],
  }
}

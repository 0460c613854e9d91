import type { Command } from 'commander'
import { quote } from '../remote/render.ts'
import type { CheckReport } from '../run/api.ts'
import { checkRunbook, unitFileFor } from '../run/check.ts'
import { type Fixed, fixHosts, type PlannedFix } from '../run/fix.ts'
import { checkText } from '../ui/check-text.ts'
import { widthOf } from '../ui/columns.ts'
import { doneFixLines, plannedFixLines } from '../ui/fix-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { whyNotAsked } from '../ui/terminal-approver.ts'
import { askPlainly } from '../ui/terminal-line.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import { talk } from './output.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'
import { writeOwn } from './write-own.ts'

interface Options {
  readonly unitFile?: string
  readonly fix?: boolean
}

/** `evha check RUNBOOK` */
export function addCheck(program: Command, act: Act): void {
  explain(program.command('check'), 'look at every host and change nothing; each finding with its cure', [
    ['evha check runbook.yaml', 'exit code 3 when something blocks'],
    ['evha check runbook.yaml --fix', 'list what is safe to cure, ask, then cure it'],
    ['evha check runbook.yaml --json', 'the same for a program'],
    ['evha check runbook.yaml --unit-file ev-node.service', 'a sequencer without a unit: write one for it'],
  ])
    .argument('<runbook>', 'the runbook file')
    .option(
      '--fix',
      'cure what can safely be cured and taken back; lists it and asks first (--yes: does not ask)',
    )
    .option('--unit-file <file>', 'write a unit here from the process that runs the sequencer without one')
    .action((runbook: string, { unitFile, fix }: Options) =>
      act((shared) => {
        if (unitFile !== undefined) return writeUnit(runbook, shared, unitFile)
        return fix === true ? cure(runbook, shared) : check(runbook, shared)
      }),
    )
}

async function check(runbook: string, shared: Shared): Promise<Result> {
  const report = await checkRunbook(runbook, terminalPassphrase(terminal(shared)))
  const curable = report.findings.filter((finding) => finding.fix !== undefined).length
  const last = curable === 0 ? [] : [`evha can cure ${curable} of these: evha check ${quote(runbook)} --fix`]
  return { ...told(report, shared), last }
}

async function cure(runbook: string, shared: Shared): Promise<Result> {
  const settings = terminal(shared)
  const palette = paletteOf(wantsColour(process.stderr, process.env, shared.color))
  const consent = async (planned: readonly PlannedFix[]) => {
    talk([...plannedFixLines(planned, palette), ''])
    if (shared.yes) return true
    return (await askPlainly(settings, 'type yes to have them done')) === 'yes'
  }
  const fixed = await fixHosts(runbook, consent, terminalPassphrase(settings))
  const result = told(fixed.report, shared)
  const json = jsonOf('fixed', { ...fixed.report, planned: fixed.planned, done: fixed.done })
  if (fixed.done !== null) {
    const failed = fixed.done.some((one) => one.failed !== null)
    const exitCode = failed && result.exitCode === 0 ? 1 : result.exitCode
    return { ...result, exitCode, json, last: doneFixLines(fixed.done, palette) }
  }
  return { ...result, json, ...notDone(fixed, runbook, shared, result) }
}

/** Nothing was cured: there was nothing, nobody could be asked, or the answer was no. */
function notDone(
  { planned }: Fixed,
  runbook: string,
  shared: Shared,
  result: Result,
): Pick<Result, 'exitCode' | 'last'> {
  if (planned.length === 0)
    return { exitCode: result.exitCode, last: ['nothing here can be cured by evha; nothing was changed'] }
  const refusal = whyNotAsked(terminal(shared))
  if (refusal === null) return { exitCode: 4, last: ['nothing was changed'] }
  return {
    exitCode: 4,
    last: [
      `nothing was changed: ${refusal}; to have these done:`,
      `  evha check ${quote(runbook)} --fix --yes`,
    ],
  }
}

function told(report: CheckReport, shared: Shared): Result {
  const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
  return {
    exitCode: report.ok ? 0 : 3,
    json: jsonOf('check', report),
    text: checkText(report, widthOf(process.stdout), palette),
  }
}

async function writeUnit(runbook: string, shared: Shared, file: string): Promise<Result> {
  const { text, next } = await unitFileFor(runbook, terminalPassphrase(terminal(shared)))
  const path = writeOwn(file, text, '# Written by evha')
  return { exitCode: 0, json: jsonOf('unitFile', { file: path, text, next }), text: `${path}\n`, last: next }
}

function terminal(shared: Shared) {
  const { stdin, stderr, env } = process
  return { ...shared, stdin, stderr, env, closing: new AbortController().signal }
}

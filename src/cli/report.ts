import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { type FullReport, fullReportOf } from '../run/full-report.ts'
import { pageMark, reportPage } from '../ui/report-html.ts'
import { reportText } from '../ui/report-text.ts'
import { explain } from './help.ts'
import type { Act, Result } from './result.ts'

interface Options {
  readonly html?: string
  readonly markdown?: string
}

/** `evha report [RUN]` */
export function addReport(program: Command, act: Act): void {
  explain(program.command('report'), 'what happened: Markdown, or one HTML page; no host is asked', [
    ['evha report', 'the newest run, as Markdown on stdout'],
    ['evha report --html report.html', 'one page to pass on: it needs no network'],
    ['evha report --json', 'the figures for a program'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .option('--html <file>', 'write the report as one self-contained HTML page')
    .option('--markdown <file>', 'write the Markdown into a file')
    .action((run: string | undefined, options: Options) =>
      act((shared) => told(fullReportOf(shared.stateDir, run), options)),
    )
}

function told(full: FullReport, { html, markdown }: Options): Result {
  const json = full.report
  const written = [
    ...(html === undefined ? [] : [write(html, reportPage(full), pageMark)]),
    ...(markdown === undefined ? [] : [write(markdown, reportText(full), '# ')]),
  ]
  if (written.length === 0) return { exitCode: 0, json, text: reportText(full) }
  return { exitCode: 0, json, text: written.map((path) => `${path}\n`).join('') }
}

/** Writes for the operator alone, as it names hosts and paths; over an older report, over nothing else. */
function write(file: string, text: string, mark: string): string {
  const path = resolve(file)
  refuseToOverwrite(path, mark)
  try {
    writeFileSync(path, text, { mode: 0o600 })
  } catch (cause) {
    throw usage(
      `${path} can not be written: ${codeOf(cause)}`,
      'give a path in a directory that is there',
      cause,
    )
  }
  return path
}

function refuseToOverwrite(path: string, mark: string): void {
  let before: string
  try {
    before = readFileSync(path, 'utf8')
  } catch {
    return
  }
  if (before === '' || before.startsWith(mark)) return
  throw usage(`${path} is there and is no report of evha`, 'give another path, or remove the file')
}

const codeOf = (cause: unknown) => String((cause as NodeJS.ErrnoException).code ?? cause)

function usage(message: string, hint: string, cause?: unknown): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint }, { cause })
}

import type { Command } from 'commander'
import { type FullReport, fullReportOf } from '../run/full-report.ts'
import { pageMark, reportPage } from '../ui/report-html.ts'
import { reportText } from '../ui/report-text.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act, Result } from './result.ts'
import { writeOwn } from './write-own.ts'

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
  const json = jsonOf('report', full.report)
  const written = [
    ...(html === undefined ? [] : [writeOwn(html, reportPage(full), pageMark)]),
    ...(markdown === undefined ? [] : [writeOwn(markdown, reportText(full), '# ')]),
  ]
  if (written.length === 0) return { exitCode: 0, json, text: reportText(full) }
  return { exitCode: 0, json, text: written.map((path) => `${path}\n`).join('') }
}

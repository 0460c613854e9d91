import type { FullReport } from '../run/full-report.ts'
import { groupCommands } from './command-groups.ts'
import { commandsSection } from './command-section.ts'
import { bytes, duration, time } from './figures.ts'
import { heightChart } from './height-chart.ts'
import { hookRow } from './hook-row.ts'
import { Html, html, nothing } from './html.ts'
import { outcomeSentence } from './outcome-text.ts'
import { reportStyle } from './report-style.ts'
import { resultRows, standInNote } from './result-rows.ts'
import { stepTimeline } from './step-timeline.ts'
import { unfinishedSentence } from './unfinished.ts'

/** The first line of every page evha writes: what stands at a path is only written over when it begins so. */
export const pageMark = '<!doctype html><!-- evha report -->'

/** The report as one page that needs nothing but itself: no script, no font, no address. */
export function reportPage(full: FullReport): string {
  const { report } = full
  const title = `${report.chain}: ${report.outcome}`
  const page = html`<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"/>
<title>evha report: ${title}</title>
<style>${style}</style>
</head>
<body>
${head(full)}
<h2>Block height by time</h2>
${heightChart(full)}
<h2>Steps</h2>
${stepTimeline(full)}
<h2>Approvals</h2>
${approvals(full)}
<h2>Evidence</h2>
${evidence(full)}
${full.hooks.length === 0 ? nothing : html`<h2>Hooks</h2>${rows(full.hooks.map(hookRow))}`}
<h2>Left behind on the hosts</h2>
${leftBehind(full)}
${commandsSection(groupCommands(report.steps, full.ran.commands), full.ran)}
<h2>This run</h2>
${thisRun(full)}
</body>
</html>
`
  return `${pageMark}\n${page.text}`
}

/** Raw: a style sheet knows no entities. */
const style = new Html(reportStyle.trim())

function head(full: FullReport): Html {
  const { report } = full
  return html`<h1>${report.chain}: ${report.outcome}</h1>
<p>${outcomeSentence(report.outcome, report.chain)}</p>
${report.standIn ? html`<p class="banner">${standInNote}</p>` : nothing}
${unfinished(full)}
${failure(full)}
<dl class="tiles">${resultRows(report).map(([label, value]) => tile(label, value))}</dl>`
}

function tile(label: string, value: string): Html {
  const bad = value === 'BROKEN' || (label === 'heights signed twice' && /\d/.test(value))
  return html`<div><dt>${label}</dt><dd class="${bad ? 'bad' : 'plain'}">${value}</dd></div>`
}

function unfinished(full: FullReport): Html {
  if (full.finished) return nothing
  const { next } = full.report
  const command = next === null ? nothing : html`<pre>${next}</pre>`
  return html`<div class="banner"><strong>This run is not finished.</strong> ${unfinishedSentence(full)}${command}</div>`
}

const changedWords = { no: 'nothing', yes: 'yes', unknown: 'unknown' } as const

function failure({ report }: FullReport): Html {
  if (report.failure === null) return nothing
  const { message, changedAnything, hint } = report.failure
  return html`<div class="banner bad"><dl class="rows"><dt>what failed</dt><dd>${message}</dd>
<dt>changed</dt><dd>${changedWords[changedAnything]}</dd><dt>cure</dt><dd>${hint}</dd></dl></div>`
}

function approvals({ approvals: given }: FullReport): Html {
  if (given.length === 0) return html`<p>None was given.</p>`
  return html`${given.map(
    (one) => html`<h3>${one.gate}: ${one.by}</h3>
<p class="note">${time(one.at)}${one.waitedMs === 0 ? '' : `, after ${duration(one.waitedMs)}`}; bound to <code>${one.digest.slice(0, 16)}</code></p>
${rows(one.rows)}`,
  )}`
}

function evidence({ evidence: parts }: FullReport): Html {
  if (parts.length === 0) return html`<p>Nothing was seen yet.</p>`
  return html`${parts.map((part) => html`<h3>${part.title}</h3>${rows(part.rows)}`)}`
}

function leftBehind({ report }: FullReport): Html {
  if (report.leftBehind.length === 0)
    return html`<p>Nothing is recorded yet: it is listed when the run ends.</p>`
  return html`<ul>${report.leftBehind.map((one) => html`<li>${one}</li>`)}</ul>`
}

function thisRun(full: FullReport): Html {
  const { report } = full
  return rows([
    ['run', report.run],
    ['state', `${report.state}: ${report.says}`],
    ['attempt', String(report.attempt)],
    ['begun', time(report.startedAt)],
    ['ended', report.endedAt === null ? 'not yet' : time(report.endedAt)],
    ['nodes', full.nodes.map(({ name, address }) => `${name} (${address})`).join(', ')],
    ['single sequencer before', full.source],
    ['copied while the chain ran', bytes(report.bytesSeeded)],
    ['copied in the window', bytes(report.bytesFinal)],
    ['runbook, sha256', full.runbookDigest],
    ['evha', full.evhaVersion],
    ['command', `evha ${full.command.join(' ')}`],
    ...full.resumed.map(({ at, who }) => ['gone on with', `${time(at)} by ${who}`] as const),
    ['next', report.next ?? 'nothing is left to do'],
  ])
}

function rows(all: readonly (readonly [label: string, value: string])[]): Html {
  return html`<dl class="rows">${all.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`
}

import type { RanCommands } from '../run/commands-of.ts'
import type { CommandEnd, CommandGroup, Commands, ShownCommand } from './command-groups.ts'
import { counted, duration } from './figures.ts'
import { type Html, html, nothing } from './html.ts'

/** Every command, step by step, and below them the scripts they share. */
export function commandsSection({ groups, scripts }: Commands, ran: RanCommands): Html {
  const mutating = ran.commands.filter((command) => command.mutates).length
  return html`<h2>Commands on the hosts</h2>
<p>${counted(ran.commands.length, 'command')}, ${mutating} of them changed something. What went in by stdin and what came out is not kept; secrets stand as [redacted].</p>
${ran.missing === null ? nothing : html`<p class="banner bad">Not all of them: ${ran.missing}.</p>`}
${groups.map(group)}
${scripts.length === 0 ? nothing : html`<h3>The scripts in them</h3>${scripts.map(script)}`}`
}

function group({ step, commands }: CommandGroup): Html {
  const title = step === null ? 'between two steps' : `${step.state}: ${step.says}`
  const many = step !== null && step.attempt > 1 ? `, attempt ${step.attempt}` : ''
  return html`<details><summary>${title}${many} (${commands.length})</summary><ul class="commands">${commands.map(command)}</ul></details>`
}

function command({ says, text, mutates, ends }: ShownCommand): Html {
  return html`<li>${says} ${mutates ? html`<span class="mutates">changes</span>` : html`<small>reads</small>`}<pre>${text}</pre>${ends.map((one) => end(one, mutates))}</li>`
}

/** A look that answers with an exit code of its own is no failure. */
function end({ host, exit, durationMs, times }: CommandEnd, mutates: boolean): Html {
  const bad = exit !== 0 && (mutates || typeof exit === 'string')
  const took = `${times > 1 ? `${times} times, at most ` : ''}${duration(durationMs)}`
  return html`<small>${host}: <span class="${bad ? 'exit-bad' : 'exit'}">exit ${exit}</span>, ${took}. </small>`
}

function script(text: string, i: number): Html {
  return html`<details><summary>SCRIPT_${i + 1}</summary><pre>${text}</pre></details>`
}

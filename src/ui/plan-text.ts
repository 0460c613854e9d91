import type { PlannedCommand } from '../run/paper.ts'
import type { Plan, PlannedState } from '../run/plan.ts'
import { wrap } from './columns.ts'
import { withScriptNamed } from './command-groups.ts'
import { counted } from './figures.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** The plan for a person: first in words, then what changes in the configs, then each step with its exact commands. */
export function planText(plan: Plan, width: number, palette: Palette = plain): string {
  const scripts: string[] = []
  const steps = plan.states.flatMap((state) => stepLines(state, scripts, palette))
  const lines = [
    palette.strong(
      `Plan: ${printable(plan.chain)}, ${plan.source} alone to a Raft cluster of ${plan.nodes.length}`,
    ),
    `runbook ${printable(plan.runbook.path)}, looked at when block ${plan.world.head.height} was the head`,
    '',
    palette.strong('In words'),
    ...plan.states.flatMap((state) => wordLines(state, width, palette)),
    '',
    palette.strong('What this could not know'),
    ...plan.unknown.flatMap((sentence) => listed(printable(sentence), width)),
    '',
    palette.strong('What changes in evnode.yaml'),
    ...Object.entries(plan.diff).flatMap(([node, changed]) => [
      `  ${node}`,
      ...changed.map((line) => `    ${printable(line)}`),
    ]),
    `  Raft timing: ${printable(plan.timing)}`,
    '',
    palette.strong('Step by step, with the commands'),
    ...steps,
    ...scriptLines(scripts, palette),
  ]
  return `${lines.join('\n')}\n`
}

const nameWidth = 18

function wordLines(
  { state, says, words, gate, irreversible }: PlannedState,
  width: number,
  palette: Palette,
) {
  const indent = ' '.repeat(nameWidth + 2)
  const folded = (text: string) => wrap(printable(text), width - indent.length)
  const asks = gate === null ? says : `asks you: ${says}`
  const label = gate === null ? 'no way back' : 'by approving'
  const warned = irreversible === null ? [] : folded(`${label}: ${irreversible}`)
  const [first = '', ...rest] = folded(asks)
  return [
    `  ${state.padEnd(nameWidth)}${first}`,
    ...[...rest, ...words.flatMap(folded)].map((line) => indent + line),
    ...warned.map((line) => indent + palette.warn(line)),
  ]
}

function stepLines({ state, commands }: PlannedState, scripts: string[], palette: Palette): string[] {
  if (commands.length === 0) return []
  return ['', `  ${palette.strong(state)}`, ...commandLines(commands, scripts, palette)]
}

/** By what it is for; the same text for several hosts stands once. */
function commandLines(commands: readonly PlannedCommand[], scripts: string[], palette: Palette): string[] {
  const purposes = new Map<string, Map<string, string[]>>()
  for (const { host, says, text, mutates } of commands) {
    const purpose = mutates ? says : `${says} (changes nothing)`
    const short = withScriptNamed(text, scripts)
    const texts = purposes.get(purpose) ?? new Map<string, string[]>()
    purposes.set(purpose, texts)
    texts.set(short, [...(texts.get(short) ?? []), host])
  }
  return [...purposes].flatMap(([purpose, texts]) => [
    `    ${palette.dim(`# ${printable(purpose)}`)}`,
    ...[...texts].flatMap(([text, hosts]) => [
      `    ${hosts.join(', ')}:`,
      ...text.split('\n').map((line) => `      ${printable(line)}`),
    ]),
  ])
}

function scriptLines(scripts: readonly string[], palette: Palette): string[] {
  if (scripts.length === 0) return []
  return [
    '',
    palette.strong(`The ${counted(scripts.length, 'script')} in them`),
    ...scripts.flatMap((script, i) => [
      '',
      `  SCRIPT_${i + 1}`,
      ...script.split('\n').map((line) => `    ${printable(line)}`),
    ]),
  ]
}

function listed(sentence: string, width: number): string[] {
  return wrap(sentence, width - 4).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`)
}

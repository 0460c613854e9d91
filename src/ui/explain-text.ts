import type { Explanation } from '../run/explain.ts'
import { type Row, twoColumns, wrap } from './columns.ts'
import { stateSentence } from './outcome-text.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** Where a run stands: what runs, what follows when a machine is lost now, and what may be typed. */
export function explainText(told: Explanation, palette: Palette = plain, width = 80): string {
  const chain = told.chain === null ? '' : `${told.chain}, `
  const rows = (all: readonly Row[]) => twoColumns(all, width, '  ', palette.dim)
  const lines = [
    ...wrap(printable(`${chain}${stateSentence(told.state, told.says)}.`), width).map((line) =>
      palette.strong(line),
    ),
    '',
    ...rows([
      ['running now', told.runningNow],
      ['can be undone', canBeUndone(told)],
    ]),
    '',
    'If a machine is gone this second:',
    ...rows([
      ['workstation', told.ifLost.workstation],
      [told.source, told.ifLost.source],
      ['another host', told.ifLost.anotherHost],
    ]),
  ]
  if (told.choices.length > 0) lines.push('', 'What to type:')
  for (const { command, does, irreversible } of told.choices) {
    lines.push(`  ${palette.strong(command)}`)
    const undone = irreversible === null ? '' : ` Once approved it can not be undone: ${irreversible}.`
    lines.push(...wrap(`${does}.${undone}`, width - 4).map((line) => `    ${line}`))
  }
  return `${lines.join('\n')}\n`
}

function canBeUndone({ reversible, choices }: Explanation): string {
  if (reversible) return 'yes, all of it'
  const rollback = choices.some(({ command }) => command.startsWith('evha rollback'))
  return rollback ? 'no: there is only forward, or a rollback through a gate of its own' : 'no'
}

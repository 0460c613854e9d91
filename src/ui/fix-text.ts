import type { DoneFix, PlannedFix } from '../run/fix.ts'
import { counted } from './figures.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** What `check --fix` would do, host by host, before it is asked for. */
export function plannedFixLines(planned: readonly PlannedFix[], palette: Palette = plain): string[] {
  return [
    `evha can cure ${counted(planned.length, 'finding')}; each can be taken back, and none touches what runs:`,
    ...planned.flatMap(({ host, commands, undo }) => [
      ...commands.map((command) => `  ${palette.strong(printable(host))}  ${printable(command)}`),
      `  ${' '.repeat(host.length)}  ${palette.dim(`back with: ${printable(undo)}`)}`,
    ]),
  ]
}

/** What became of it. */
export function doneFixLines(done: readonly DoneFix[], palette: Palette = plain): string[] {
  return done.map(({ host, what, failed }) =>
    failed === null
      ? `${palette.good('cured')}  ${printable(host)}: ${printable(what)}`
      : `${palette.bad('not cured')}  ${printable(host)}: ${printable(what)}: ${printable(failed)}`,
  )
}

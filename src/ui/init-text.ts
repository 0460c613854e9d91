import type { InitResult } from '../run/init.ts'
import { twoColumns } from './columns.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** What `init` found, assumed and is uneasy about. */
export function initText(
  { found, assumed, warnings }: InitResult,
  width: number,
  palette: Palette = plain,
): string {
  const rows = found.map(
    ([label, value, evidence]) =>
      [printable(label), `${printable(value)}  ${palette.dim(`(${printable(evidence)})`)}`] as const,
  )
  const list = (title: string, sentences: readonly string[]) =>
    sentences.length === 0
      ? []
      : ['', title, ...sentences.flatMap((one) => twoColumns([['-', printable(one)]], width))]
  return [
    palette.strong('found'),
    ...twoColumns(rows, width),
    ...list(palette.strong('assumed, so read it'), assumed),
    ...list(palette.warn('in the way of a migration'), warnings),
    '',
  ].join('\n')
}

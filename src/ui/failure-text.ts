import type { Changed, Failure } from '../base/errors.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

const changedWords: Readonly<Record<Changed, string>> = { no: 'nothing', yes: 'yes', unknown: 'unknown' }

/** A failure in three lines: what happened, whether anything was changed, what to do next. */
export function failureLines(failure: Failure, palette: Palette = plain): string[] {
  const lines = [
    palette.bad(printable(failure.message)),
    `  changed: ${changedWords[failure.changedAnything]}`,
  ]
  return failure.hint === '' ? lines : [...lines, `  next: ${printable(failure.hint)}`]
}

import type { Failure } from '../base/errors.ts'

const changed: Readonly<Record<Failure['changedAnything'], string>> = {
  no: 'nothing',
  yes: 'yes, see the report',
  unknown: 'unknown, `evha resume` looks at the hosts',
}

/** A failure as the operator reads it: what happened, what it changed, what to type. */
export function failureText(failure: Failure): string {
  return [
    `error: ${failure.message}`,
    `  changed: ${changed[failure.changedAnything]}`,
    ...(failure.hint === '' ? [] : [`  next: ${failure.hint}`]),
  ].join('\n')
}

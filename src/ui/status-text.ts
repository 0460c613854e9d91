import type { Status } from '../run/api.ts'
import { failureText } from './failure-text.ts'

/** Where am I, why, what next. */
export function statusText(status: Status): string {
  return [
    `${status.run}`,
    `  state     ${status.state} (${status.outcome}${status.attempt > 1 ? `, attempt ${status.attempt}` : ''})`,
    `  doing     ${status.says}`,
    `  process   ${status.running ? 'an evha process drives it now' : 'none'}`,
    ...(status.failure === null
      ? []
      : failureText(status.failure)
          .split('\n')
          .map((line) => `  ${line}`)),
    ...(status.next === null ? [] : [`  next      ${status.next}`]),
    `  files     ${status.dir}`,
    '',
  ].join('\n')
}

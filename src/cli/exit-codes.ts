import type { Failure } from '../base/errors.ts'

/** Every way an evha process ends, and what it means for who called it. */
export const exitCodes = {
  0: 'done',
  1: 'failed; safe to run again',
  2: 'wrong usage or configuration; nothing was done',
  3: 'the preflight blocks; nothing was changed',
  4: 'waiting at a gate, or declined; `evha resume` goes on',
  5: 'back on the single sequencer, and the chain produces',
  6: 'needs a human: unsafe or unknown',
  7: 'somebody else holds the lock',
  130: 'interrupted (Ctrl-C); `evha resume` goes on',
  143: 'terminated (SIGTERM); `evha resume` goes on',
} as const

export type ExitCode = keyof typeof exitCodes

/** The exit code of a failure that ended a command. */
export function exitCodeOf(failure: Failure): ExitCode {
  switch (failure.kind) {
    case 'usage':
      return 2
    case 'blocked':
    case 'unreachable':
    case 'refused':
    case 'hostKey':
      return failure.changedAnything === 'no' ? 3 : 1
    case 'waiting':
      return 4
    case 'contradiction':
      return 6
    case 'locked':
      return 7
    case 'interrupted':
      return 130
    default:
      return 1
  }
}

/** The table as help shows it. */
export function exitCodeTable(): string {
  const rows = Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  return ['Exit codes:', ...rows].join('\n')
}

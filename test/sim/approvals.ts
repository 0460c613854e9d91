import type { Gate } from '../../src/base/names.ts'

/** The step whose outcome is a gate's evidence. */
export const weighs: Readonly<Record<Gate, string>> = {
  cutover: 'weighCutover',
  commit: 'weighCommit',
  finish: 'weighFinish',
  rollback: 'weighRollback',
}

import { mkdirSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'

/** Makes a directory, and those above it, for this user alone. EvhaError 'usage' when the state directory is no place to write. */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EvhaError(
      {
        kind: 'usage',
        message: `the state directory cannot be written: ${reason}`,
        changedAnything: 'no',
        retryable: false,
        hint: 'give a directory of your own with --state-dir DIR',
      },
      { cause },
    )
  }
}

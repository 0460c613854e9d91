import { mkdirSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'

/** Makes a directory, and those above it, for this user alone. EvhaError 'usage' when the state directory is no place to write. */
export function makePrivateDirectory(path: string): void {
  inStateDirectory(() => mkdirSync(path, { recursive: true, mode: 0o700 }))
}

/**
 * The first that is written there before anything is begun: EvhaError 'usage' when the directory is read-only, full, or
 * somebody else's. Nothing was done then.
 */
export function inStateDirectory<T>(write: () => T): T {
  try {
    return write()
  } catch (cause) {
    if (cause instanceof EvhaError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EvhaError(
      {
        kind: 'usage',
        message: `the state directory cannot be written: ${reason}`,
        changedAnything: 'no',
        retryable: false,
        hint: 'make room on its disk, or give a directory of your own with --state-dir DIR',
      },
      { cause },
    )
  }
}

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EvhaError } from '../base/errors.ts'

/**
 * Writes a file for the operator alone, as it names hosts and paths: over an older one of the same kind, which begins
 * with `mark`, and over nothing else. Returns its absolute path. Throws EvhaError 'usage'.
 */
export function writeOwn(file: string, text: string, mark: string): string {
  const path = resolve(file)
  refuseToOverwrite(path, mark)
  try {
    writeFileSync(path, text, { mode: 0o600 })
  } catch (cause) {
    throw usage(
      `${path} can not be written: ${codeOf(cause)}`,
      'give a path in a directory that is there',
      cause,
    )
  }
  return path
}

function refuseToOverwrite(path: string, mark: string): void {
  let before: string
  try {
    before = readFileSync(path, 'utf8')
  } catch {
    return
  }
  if (before === '' || before.startsWith(mark)) return
  throw usage(`${path} is there and was not written by evha`, 'give another path, or remove the file')
}

const codeOf = (cause: unknown) => String((cause as NodeJS.ErrnoException).code ?? cause)

function usage(message: string, hint: string, cause?: unknown): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint }, { cause })
}

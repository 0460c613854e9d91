import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { replaceFile } from './write-file.ts'

/** What another terminal asks of a run: to stop at the next safe point, or to go back. */
export type Control = 'pause' | 'abort'

const path = (runDir: string): string => join(runDir, 'control')

/** What is asked of the run just now; anything else in the file counts as nothing asked. */
export function readControl(runDir: string): Control | undefined {
  let text: string
  try {
    text = readFileSync(path(runDir), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return text === 'pause' || text === 'abort' ? text : undefined
}

/** Asks it. An `abort` that was asked already is not weakened to a `pause`. */
export function writeControl(runDir: string, control: Control): void {
  if (control === 'pause' && readControl(runDir) === 'abort') return
  try {
    replaceFile(path(runDir), `${control}\n`)
  } catch (cause) {
    throw new EvhaError(
      {
        kind: 'failed',
        message: `the run could not be asked to ${control}: ${cause instanceof Error ? cause.message : String(cause)}`,
        changedAnything: 'no',
        retryable: true,
        hint: 'make room on the disk and type it again; or press Ctrl-C where the run is driven',
      },
      { cause },
    )
  }
}

/** The run has heard it. */
export function clearControl(runDir: string): void {
  rmSync(path(runDir), { force: true })
}

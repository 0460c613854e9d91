import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'

const root = mkdtempSync(join(tmpdir(), 'evha-journal-'))
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))

/** An empty directory of its own; gone when the tests of the file are through. */
export function scratch(): string {
  return mkdtempSync(join(root, 'state-'))
}

/** The EvhaError an act throws; anything else it throws, or nothing, fails the test. */
export function refusedBy(act: () => unknown): EvhaError {
  try {
    act()
  } catch (error) {
    if (error instanceof EvhaError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EvhaError } from '../../src/base/errors.ts'
import type { Body } from '../../src/journal/record.ts'

/** An empty directory of its own. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'evha-journal-'))
}

export const header: Body<'header'> = {
  run: 'lab-chain-20260131T120000-a1b2',
  chain: 'lab-chain',
  runbookDigest: 'ab'.repeat(32),
  machineVersion: 1,
  graphHash: 'cd'.repeat(32),
  evhaVersion: '0.1.0',
  command: ['migrate', 'chain.yaml'],
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

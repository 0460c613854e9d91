import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startRun } from '../../src/run/drive.ts'
import { runbookOn } from '../cli/runbook.ts'
import { scratch } from '../journal/scratch.ts'
import { silentObserver } from './silent-observer.ts'

// The machine as it is is safe; so the search is told to find something, to see that a run asks it.
vi.mock('../../src/machine/proof/prove.ts', () => ({
  prove: () => ({
    ok: false,
    machines: [{ findings: [{ law: 'twoWriters', says: 'two sequencers may sign', path: [] }] }],
  }),
}))

test('a run on production hosts is not begun by an evha with an unsafe path', async () => {
  const stateDir = scratch()
  const path = join(stateDir, 'runbook.yaml')
  writeFileSync(path, runbookOn(22, stateDir).replace('staging: true', 'staging: false'))
  const options = {
    stateDir,
    confirms: new Map(),
    approver: { ask: () => Promise.resolve('later' as const) },
    observer: silentObserver,
    stopNow: new AbortController().signal,
    stopSoon: () => false,
  }
  await expect(startRun(path, options)).rejects.toThrow(
    'this evha is not safe to run: two sequencers may sign',
  )
  expect(existsSync(join(stateDir, 'runs'))).toBe(false)
})

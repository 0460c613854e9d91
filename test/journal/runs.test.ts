import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openJournal } from '../../src/journal/journal.ts'
import { takeLock } from '../../src/journal/lock.ts'
import {
  createRun,
  findRun,
  listRuns,
  newestRun,
  newRunId,
  runFiles,
  stateDirectory,
} from '../../src/journal/runs.ts'
import { startChild } from './child.ts'
import { header } from './header.ts'
import { refusedBy, scratch } from './scratch.ts'

test.each([
  [{ XDG_STATE_HOME: '/srv/state', HOME: '/home/ops' }, undefined, '/srv/state/evha'],
  [{ XDG_STATE_HOME: '', HOME: '/home/ops' }, undefined, '/home/ops/.local/state/evha'],
  [{ XDG_STATE_HOME: 'relative', HOME: '/home/ops' }, undefined, '/home/ops/.local/state/evha'],
  [{ XDG_STATE_HOME: '/srv/state' }, '/elsewhere', '/elsewhere'],
])('the state directory of %j and --state-dir %s is %s', (env, given, expected) => {
  expect(stateDirectory(env, given)).toBe(expected)
})

test('a run id says chain and time', () => {
  const at = Date.UTC(2026, 0, 31, 12, 5, 9, 700)
  expect(newRunId('lab-chain', at, 0)).toBe('lab-chain-20260131T120509-0000')
  expect(newRunId('lab-chain', at, 0.999999999)).toBe('lab-chain-20260131T120509-zzzz')
  expect(refusedBy(() => newRunId('a/b', at, 0)).kind).toBe('usage')
})

test('chain and time can be read back from every run id', () => {
  const chains = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  const times = fc.date({ min: new Date('2026-01-01'), max: new Date('2199-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(chains, times, fc.double({ min: 0, max: 0.999999, noNaN: true }), (chain, at, random) => {
      const files = runFiles('/state', newRunId(chain, at.getTime(), random))
      expect(files.chain).toBe(chain)
      expect(Date.parse(files.startedAt)).toBe(Math.floor(at.getTime() / 1000) * 1000)
    }),
  )
})

test('a run appears with header and runbook, readable by its owner alone', () => {
  const state = join(scratch(), 'new', 'state')
  const { files, journal } = createRun(state, header, 'version: 1\n')
  journal.append({ type: 'note', text: 'first' })
  expect(readFileSync(files.runbook, 'utf8')).toBe('version: 1\n')
  expect(journal.path).toBe(files.journal)
  expect(readdirSync(files.dir).sort()).toEqual(['journal.jsonl', 'runbook.yaml'])
  expect(readdirSync(join(state, 'runs'))).toEqual([header.run])
  for (const dir of [state, join(state, 'runs'), files.dir]) expect(statSync(dir).mode & 0o777).toBe(0o700)
  for (const file of [files.journal, files.runbook]) expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(refusedBy(() => createRun(state, header, '')).message).toMatch(/exists already/)
})

test('the newest run comes first, whatever its chain is called', () => {
  const state = scratch()
  const begin = (run: string) => createRun(state, { ...header, run }, '').journal.close()
  begin('zebra-20260131T120000-zzzz')
  begin('alpha-20260131T120001-zzzz')
  // In one second: the later one has the smaller letters.
  begin('alpha-20260131T120001-0000')
  expect(listRuns(state).map((files) => files.run)).toEqual([
    'alpha-20260131T120001-0000',
    'alpha-20260131T120001-zzzz',
    'zebra-20260131T120000-zzzz',
  ])
  expect(newestRun(state)?.run).toBe('alpha-20260131T120001-0000')
  expect(findRun(state).run).toBe('alpha-20260131T120001-0000')
  expect(findRun(state, 'zebra-20260131T120000-zzzz').chain).toBe('zebra')
})

test('what is no run is no run: foreign files, unborn runs, paths', () => {
  const state = scratch()
  expect(newestRun(state)).toBeUndefined()
  expect(refusedBy(() => findRun(state)).message).toBe(`there is no run in ${state}`)
  mkdirSync(join(state, 'runs', '.new-0123456789abcdef'), { recursive: true })
  mkdirSync(join(state, 'runs', 'chain-20260131T120000-a1b2'))
  writeFileSync(join(state, 'runs', 'README'), '')
  expect(listRuns(state)).toEqual([])
  expect(refusedBy(() => findRun(state, '../../etc')).message).toBe('"../../etc" is not the id of a run')
  createRun(state, header, '').journal.close()
  expect(refusedBy(() => findRun(state, 'lab-chain-20260131T120000-zzzz')).hint).toBe(
    `there are ${header.run}`,
  )
})

test.each([
  ['run.before-birth', 0],
  ['run.after-birth', 1],
])('SIGKILL at %s leaves a whole run or none', async (point, runs) => {
  const state = scratch()
  expect((await startChild('beginner.ts', [state], { EVHA_CRASH_AT: point }).ended).signal).toBe('SIGKILL')
  const found = listRuns(state)
  expect(found).toHaveLength(runs)
  for (const files of found) {
    expect(openJournal(files.dir).header).toMatchObject(header)
    expect(readFileSync(files.runbook, 'utf8')).toBe('version: 1\n')
  }
})

test('a state directory that is a file is a mistake of usage', () => {
  const state = join(scratch(), 'file')
  writeFileSync(state, '')
  const refusal = refusedBy(() => createRun(state, header, ''))
  expect(refusal.kind).toBe('usage')
  expect(refusal.message).toMatch(/^the state directory cannot be written: ENOTDIR/)
  expect(refusal.hint).toContain('--state-dir')
  expect(refusedBy(() => takeLock(state, header)).kind).toBe('usage')
})

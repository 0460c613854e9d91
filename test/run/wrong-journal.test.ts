// A journal that is not what this run wrote, and a state directory that can not be written: each is named with its cure
// before any host is connected, with exit code 2 or 6.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-codes.ts'
import { encodeLine, lineHash, noPrevious } from '../../src/journal/line.ts'
import type { Body } from '../../src/journal/record.ts'
import type { RunFiles } from '../../src/journal/runs.ts'
import { beginRun, closeRun, reopenRun } from '../../src/run/open-run.ts'
import { loadRunbook } from '../../src/runbook/load.ts'
import { refusedBy, scratch } from '../journal/scratch.ts'

const runbook = loadRunbook(join(import.meta.dirname, '..', '..', 'runbooks', 'lab.yaml'))

function begun(stateDir = scratch()): { stateDir: string; files: RunFiles } {
  const run = beginRun(runbook, stateDir, ['migrate'])
  run.journal.append({ type: 'intent', step: 'check', attempt: 1, key: 'x' })
  run.journal.append({ type: 'note', text: 'as it was' })
  closeRun(run)
  return { stateDir, files: run.files }
}

const refusedIn = ({ stateDir, files }: ReturnType<typeof begun>) => {
  const before = readFileSync(files.journal)
  const refusal = refusedBy(() => reopenRun(stateDir, files.run))
  // Nothing is done: not to the file, and the lock is free again.
  expect(readFileSync(files.journal).equals(before)).toBe(true)
  expect(readdirSync(join(stateDir, 'locks'))).toEqual([])
  return { code: exitCodeOf(refusal), message: refusal.message, hint: refusal.hint }
}

/** The same journal with another header, its chain of hashes made anew: nothing in the file itself is wrong. */
function withHeader(files: RunFiles, changed: Partial<Body<'header'>>): void {
  const [first = ''] = readFileSync(files.journal, 'utf8').split('\n')
  const { seq: _seq, prev: _prev, sum: _sum, at, ...header } = JSON.parse(first)
  const line = encodeLine(0, noPrevious, at, { ...header, ...changed })
  const next = encodeLine(1, lineHash(line), at, { type: 'note', text: 'of another' })
  writeFileSync(files.journal, `${line}\n${next}\n`)
}

test('one byte flipped, or a line edited', () => {
  for (const [from, to] of [
    ['as it was', 'as it wAs'],
    ['"step":"check"', '"step":"soaks"'],
  ] as const) {
    const run = begun()
    writeFileSync(run.files.journal, readFileSync(run.files.journal, 'utf8').replace(from, to))
    expect(refusedIn(run)).toMatchObject({
      code: 6,
      message: expect.stringMatching(/line [23] of the journal .* is damaged/),
    })
  }
})

test('truncated: before its first record is whole, nothing was done; later, whole lines are not missed by the file alone', () => {
  const run = begun()
  truncateSync(run.files.journal, 40)
  expect(refusedIn(run)).toMatchObject({
    code: 2,
    message: expect.stringContaining('ended before it did anything'),
  })
  truncateSync(run.files.journal, 0)
  expect(refusedIn(run)).toMatchObject({ code: 2 })
})

test('the journal of another run, or of another chain', () => {
  const [one, other] = [begun(), begun()]
  cpSync(other.files.journal, one.files.journal)
  expect(refusedIn(one)).toMatchObject({
    code: 6,
    message: expect.stringContaining(`belongs to the run ${other.files.run}, not to ${one.files.run}`),
    hint: expect.stringContaining('evha adopt'),
  })
  const chained = begun()
  withHeader(chained.files, { chain: 'other-chain' })
  expect(refusedIn(chained)).toMatchObject({
    code: 6,
    message: expect.stringContaining('belongs to the run'),
  })
})

test('a runbook that was changed since the run began', () => {
  const run = begun()
  writeFileSync(run.files.runbook, `${readFileSync(run.files.runbook, 'utf8')}# one more line\n`)
  expect(refusedIn(run)).toMatchObject({
    code: 6,
    message: expect.stringContaining('is not the runbook that the run'),
  })
})

test('another state machine is refused by name', () => {
  for (const changed of [{ machineVersion: 1 }, { graphHash: 'ab'.repeat(32) }]) {
    const run = begun()
    withHeader(run.files, { ...changed, evhaVersion: '0.0.9' })
    expect(refusedIn(run)).toMatchObject({
      code: 2,
      message: expect.stringContaining('was begun by evha 0.0.9 with another state machine'),
      hint: expect.stringContaining('go on with evha 0.0.9'),
    })
  }
})

/** As somebody whom file modes mean something to. */
function asNobody<T>(work: () => T): T {
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65534)
  try {
    return work()
  } finally {
    if (root) process.seteuid?.(0)
  }
}

test('a state directory that can not be written: nothing is begun, nothing is resumed', () => {
  const run = begun()
  const empty = join(scratch(), 'read-only')
  mkdirSync(empty)
  for (const dir of [empty, join(run.stateDir, 'locks'), run.stateDir]) chmodSync(dir, 0o555)
  for (const act of [
    () => beginRun(runbook, empty, ['migrate']),
    () => beginRun(runbook, join(empty, 'below'), ['migrate']),
    () => reopenRun(run.stateDir, run.files.run),
  ]) {
    const refusal = asNobody(() => refusedBy(act))
    expect(exitCodeOf(refusal)).toBe(2)
    expect(refusal.message).toMatch(/the state directory cannot be written: EACCES/)
    expect(refusal.changedAnything).toBe('no')
  }
  expect(readdirSync(empty)).toEqual([])
})

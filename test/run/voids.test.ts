import { expect, test } from 'vitest'
import { advance, ignores, type Snapshot, viewOf } from '../../src/machine/decider.ts'
import type { DeadMen } from '../../src/run/dead-men.ts'
import { Voids } from '../../src/run/voids.ts'
import { noAlarm, type Watch } from '../../src/run/watch.ts'
import { pathsWhere, recordedRun } from './recorded-run.ts'

const aborted = AbortSignal.abort()
const alarmed = { alarm: noAlarm, signal: aborted } as unknown as Watch
const gone = { failure: noAlarm.failure, signals: [aborted] } as unknown as DeadMen
const quiet = { alarm: null, signal: new AbortController().signal } as unknown as Watch
const there = { failure: null, signals: [] } as unknown as DeadMen

const voidsAt = (snapshot: Snapshot, watch: Watch, deadMen: DeadMen) =>
  new Voids(watch, deadMen, (event) => ignores(snapshot, event))

const { moments } = recordedRun('done')

test('a height signed twice halts the run from the fence on, but not while the decision falls', () => {
  const heeded = pathsWhere(moments, ({ snapshot }) => voidsAt(snapshot, alarmed, there).twice !== null)
  expect(heeded).toContain('window.fence')
  expect(heeded).toContain('soak')
  expect(heeded).not.toContain('commit.decide')
  expect(pathsWhere(moments, ({ snapshot }) => voidsAt(snapshot, alarmed, there).isAlarmed)).toEqual(heeded)
})

test('a source that went back by itself turns the run back up to the decision, and never past it', () => {
  const heeded = pathsWhere(moments, ({ snapshot }) => voidsAt(snapshot, quiet, gone).back !== null)
  expect(heeded).toContain('window.stop')
  expect(heeded).toContain('gate.commit')
  for (const path of ['commit.decide', 'commit.start', 'verifyElection', 'soak', 'done'])
    expect(heeded).not.toContain(path)
})

test('what is heeded leads where the chain has one writer or none', () => {
  for (const { snapshot } of moments) {
    const { twice, back } = voidsAt(snapshot, alarmed, gone)
    if (twice !== null) expect(viewOf(advance(snapshot, twice)).path).toMatch(/^halt/)
    if (back !== null) expect(viewOf(advance(snapshot, back)).path).toMatch(/^abort/)
  }
})

test('nothing is void as long as nothing happened', () => {
  for (const { snapshot } of moments) {
    const voids = voidsAt(snapshot, quiet, there)
    expect([voids.twice, voids.back, voids.isAlarmed]).toEqual([null, null, false])
    expect(voids.signals.some((signal) => signal.aborted)).toBe(false)
  }
})

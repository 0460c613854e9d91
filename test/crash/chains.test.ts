// What the crash matrix on real processes is made of, without a lab.
import { expect, test } from 'vitest'
import { type Cell, cellsOf, nameOf, ownPoints } from './cells.ts'
import { chainsOf, chainsOfSorts, chainsOfStates, shareOf } from './chains.ts'
import { opened, verbFor } from './operator.ts'
import { type Fault, faultAt } from './plan.ts'
import { distinctOf, type Point, roomOf, sortOf } from './points.ts'

const point = (given: Partial<Point>): Point => ({
  by: 'migrate',
  at: 'send',
  state: 'window.stop',
  what: 'node-1: stop it',
  nth: 1,
  ...given,
})
const each = (['append', 'send', 'answer'] as const).map((at) => point({ at, what: at }))
const names = (cells: readonly Cell[]): string[] => cells.map(nameOf).sort()

test('a line that is torn, an answer that is lost and a host that reboots are cells where they can be, each at both workstations', () => {
  const all = cellsOf([['roll back', each]])
  const kindsAt = (at: Point['at']) => all.filter((cell) => cell.point.at === at).map(({ kind }) => kind)
  const kills = ['kill before it', 'kill in the middle of it', 'kill after it']
  const twice = (...kinds: string[]) => [...kinds, ...kinds, 'clock step'].sort()
  expect(kindsAt('append').sort()).toEqual(
    twice(...kills, 'disk full on the workstation', 'a second operator'),
  )
  expect(kindsAt('send').sort()).toEqual(twice(...kills, 'hung SSH', 'host reboots', 'a second operator'))
  expect(kindsAt('answer').sort()).toEqual(twice('lost answer', 'a second operator'))
})

test('up to the decision each point of the migration is aborted from as well, and none after it', () => {
  const abortedAt = (state: string) =>
    cellsOf([['migrate', each.map((one) => ({ ...one, state }))]])
      .filter(({ goal }) => goal === 'abort from there')
      .map(({ kind, point: { at } }) => `${kind} at ${at}`)
  const wanted = [
    'kill after it at append',
    'kill in the middle of it at send',
    'kill after it at send',
    'host reboots at send',
  ]
  for (const state of ['check', 'smoke', 'window.warm', 'gate.commit'])
    expect(abortedAt(state), state).toEqual(wanted)
  expect(abortedAt('commit.start')).toEqual([])
  const opening = ['approval commit', 'event APPROVE'].map((what) =>
    point({ at: 'append', state: 'gate.commit', what }),
  )
  const [atGate, ...none] = cellsOf([['migrate', opening]]).filter(({ goal }) => goal === 'abort from there')
  expect([atGate?.point.what, none]).toEqual(['approval commit', []])
})

test('before an abort the second gate is opened only where the strike falls as it is being opened', () => {
  const [early, late] = ['intent weighCommit', 'approval commit'].map((what): Cell => {
    const struck = point({ at: 'append', state: 'gate.commit', what })
    return { goal: 'abort from there', place: 'the same workstation', kind: 'kill after it', point: struck }
  })
  expect(opened('abort from there', [early as Cell])).toEqual(['cutover'])
  expect(opened('abort from there', [early as Cell, late as Cell])).toEqual(['cutover', 'commit'])
  expect(opened('abort from there', [])).toEqual(['cutover'])
})

test('peers and repetitions are one sort, the source and another state are others; which one is struck turns with the night', () => {
  const alike = [
    point({ what: 'node-2: look' }),
    point({ what: 'node-3: look' }),
    point({ what: 'node-2: look', nth: 2 }),
  ]
  const others = [point({ what: 'node-1: look' }), point({ state: 'smoke', what: 'node-2: look' })]
  expect(new Set(alike.map(sortOf)).size).toBe(1)
  expect(new Set([...alike, ...others].map(sortOf)).size).toBe(3)
  const struck = [0, 1, 2].map((night) => distinctOf([...alike, ...others], night)[0])
  expect(struck).toEqual(alike)
})

test('whatever leads forward does the same, but for what each command does before it goes on', () => {
  const by = (verb: Point['by'], state: string) => roomOf(point({ by: verb, state }))
  expect(by('resume', 'smoke')).toBe(by('migrate', 'smoke'))
  expect(by('adopt', 'begin')).not.toBe(by('migrate', 'begin'))
  expect(by('abort', 'abort.copies')).not.toBe(by('migrate', 'abort.copies'))
  expect(by('adopt', 'rollback.rank')).toBe(by('rollback', 'rollback.rank'))
  expect(by('resume', 'gate.finish')).not.toBe(by('rollback', 'gate.finish'))
  const [, [, own] = []] = ownPoints([
    ['migrate', [point({})]],
    ['go on', [point({ by: 'resume' }), point({ by: 'resume', state: 'begin' })]],
  ])
  expect(own?.map(({ state }) => state)).toEqual(['begin'])
})

test('each cell is in one chain, no chain strikes a point twice, and what is left strikes no state twice', () => {
  const points = Array.from({ length: 90 }, (_, i) =>
    point({ state: `state ${i % 9}`, what: `node-1: do ${'x'.repeat(i)}` }),
  )
  const all = cellsOf([['migrate', points]])
  const chains = chainsOf(all)
  expect(names(chains.flatMap(({ cells }) => cells))).toEqual(names(all))
  for (const { cells } of chains)
    expect(new Set(cells.map((cell) => sortOf(cell.point))).size).toBe(cells.length)
  expect(chains.every(({ exact }) => exact)).toBe(true)
  const ofSorts = chainsOfSorts(all)
  expect(ofSorts.map(({ cells }) => cells)).toEqual(chains.map(({ cells }) => cells))
  expect(ofSorts.some(({ exact }) => exact)).toBe(false)
  const rest = chainsOfStates(all)
  expect(names(rest.flatMap(({ cells }) => cells))).toEqual(names(all))
  for (const { cells } of rest)
    expect(new Set(cells.map((cell) => roomOf(cell.point))).size).toBe(cells.length)
  const parts = [0, 1, 2].flatMap((share) => shareOf(chains, share, 3))
  expect(names(parts.flatMap(({ cells }) => cells))).toEqual(names(all))
})

test('what ends the process is struck apart from what it may come through', () => {
  for (const { cells } of chainsOf(cellsOf([['roll back', each]]))) {
    const kinds = cells.map(({ kind }) => kind.startsWith('kill') || kind.startsWith('disk full'))
    expect(new Set(kinds).size).toBe(1)
  }
})

test('the very point is struck where it is asked for, else the first of its sort', () => {
  const wanted = point({ what: 'node-2: look', nth: 2 })
  const fault = (exact: boolean): Fault => ({ number: 0, kind: 'kill before it', point: wanted, exact })
  const other = point({ by: 'resume', what: 'node-3: look' })
  expect(faultAt(other, [fault(true)])).toBeUndefined()
  expect(faultAt(other, [fault(false)])?.number).toBe(0)
  expect(faultAt({ ...wanted, by: 'resume' }, [fault(true)])?.number).toBe(0)
})

test('the operator types what leads on from where the run was struck', () => {
  const at = (state: string) => ({ run: 'RUN', state, final: false })
  expect(verbFor('migrate', null, false, [])).toBe('migrate')
  expect(verbFor('migrate', null, true, [])).toBe('adopt')
  expect(verbFor('abort from there', at('smoke'), false, [])).toBe('abort')
  expect(verbFor('abort from there', at('commit.start'), false, [])).toBe('resume')
  expect(verbFor('roll back', at('gate.finish'), false, [])).toBe('rollback')
})

import { expect, test } from 'vitest'
import { stepNames } from '../../../src/base/names.ts'
import type { RunContext } from '../../../src/machine/context.ts'
import { begin } from '../../../src/machine/decider.ts'
import { states } from '../../../src/machine/graph.ts'
import { migrateMachine } from '../../../src/machine/migrate.ts'
import { effects } from '../../../src/machine/proof/effects.ts'
import { Pilots } from '../../../src/machine/proof/pilot.ts'
import { search } from '../../../src/machine/proof/search.ts'
import { migrate } from '../../../src/machine/proof/subject.ts'
import { sizeOf } from '../../../src/machine/proof/world.ts'
import { steps } from '../../../src/steps/registry.ts'
import { provided } from './changed.ts'

// What the search says of the machine and of the steps, held against the machine and the steps.

test('the steps whose effect needs the gates behind the commit are those that can not be undone', () => {
  const behind = ['commit', 'rollback', 'finish']
  const stated = stepNames.filter((name) => behind.includes(effects[name].needs ?? ''))
  const real = stepNames.filter((name) => !('undo' in steps[name]))
  // The two that follow from the decision have no gate of their own.
  expect([...stated, 'startQuorum', 'startRest'].sort()).toEqual(real.sort())
})

test('a step that changes nothing on the hosts by its own word has no act', () => {
  const looking = stepNames.filter((name) => name.startsWith('weigh') || name.startsWith('read'))
  expect(looking.filter((name) => effects[name].acts.length > 0)).toEqual([])
})

test('guards read nothing of the context but what the search tells states apart by', () => {
  const read = new Set<string>()
  const guards = Object.entries(migrateMachine.implementations.guards).map(([name, guard]) => {
    const asked = guard as (args: { context: RunContext }, params: unknown) => boolean
    const watched = (args: { context: RunContext }, params: unknown) =>
      asked({ ...args, context: noting(args.context, read) }, params)
    return [name, watched]
  })
  const subject = provided({ guards: Object.fromEntries(guards) })
  search(subject, new Pilots(subject.machine), sizeOf(3), 'hosts')
  expect([...read].sort()).toEqual([
    'chain',
    'evidence.commit',
    'evidence.cutover',
    'evidence.finish',
    'evidence.rollback',
    'facts.decide',
    'facts.readDecision',
    'facts.returnDecision',
    'facts.startQuorum',
    'facts.startRest',
    'returnCause',
    'rollbackBegan',
  ])
})

test('every move of a run in the search is one of the real machine', () => {
  const pilots = new Pilots(migrateMachine)
  const found = search(migrate, pilots, sizeOf(3), 'hosts')
  expect(found.moments[0]?.pilot.view.path).toBe(begin({ chain: 'c', source: 's', nodes: 3 }).value)
  expect(found.moments.length).toBeGreaterThan(1_000)
  expect([...new Set([...pilots.all].map(({ view }) => view.path))].sort()).toEqual(states().sort())
})

/** The context, noting which of its fields are read; two levels deep where there is a second one. */
function noting(context: RunContext, read: Set<string>): RunContext {
  const deep = ['facts', 'evidence']
  return new Proxy(context, {
    get(target, key) {
      const value = Reflect.get(target, key) as object
      if (!deep.includes(String(key))) {
        read.add(String(key))
        return value
      }
      return new Proxy(value, {
        get(inner, name) {
          read.add(`${String(key)}.${String(name)}`)
          return Reflect.get(inner, name) as unknown
        },
      })
    },
  })
}

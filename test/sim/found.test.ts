// What the simulation found, each as the run that showed it.
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { writeControl } from '../../src/journal/control.ts'
import { simulate } from './simulate.ts'

test('a host that reboots while a rollback stops the nodes is waited for; nobody is asked to look', async () => {
  for (const seed of [1, 2, 3]) {
    const seen = await simulate({
      seed,
      nodes: 5,
      goal: 'roll back',
      faults: [{ kind: 'another host reboots', state: 'rollback.stop', nth: 3 }],
      quiet: true,
    })
    expect(seen.faults).toHaveLength(1)
    expect(seen.broken).toEqual([])
    expect(seen.human).toBe(false)
    expect(seen.state).toBe('rolledBack')
  }
})

test('whatever starts the node past its unit while the sequencer becomes a member, it is no second sequencer', async () => {
  for (let nth = 4; nth < 60; nth += 4) {
    const fault = { kind: 'something starts the node past its unit', state: 'commit.rest', nth } as const
    const { broken } = await simulate({ seed: 5, nodes: 3, goal: 'migrate', faults: [fault], quiet: true })
    expect(broken, `at point ${nth}`).toEqual([])
  }
})

test('what the old sequencer signs between the ranking of the stores and the copy of the best one is not taken away', async () => {
  // Whatever makes this seed another run asks for a seed that shows it again.
  const { broken, human, state, story } = await simulate({ seed: 5210 })
  expect(story.join('\n')).toContain('something has started it since')
  expect(human).toBe(true)
  expect(broken).toEqual([])
  expect(state).toBe('rolledBack')
})

test('while a peer is prepared and tidied up again, no hand can start its unit before it may', async () => {
  const started: string[] = []
  const tried: Record<string, number> = {}
  const seen = await simulate({
    seed: 1,
    nodes: 3,
    goal: 'abort in the window',
    quiet: true,
    prepare: (sim) => {
      sim.meets = (host) => {
        const service = host === sim.source ? null : host.systemd.service(host.spec.unit)
        if (service === null || !['preparePeers', 'abort.tidy'].includes(sim.lastState)) return
        tried[sim.lastState] = (tried[sim.lastState] ?? 0) + 1
        if (host.systemd.start(service) === '') started.push(`${host.name} in ${sim.lastState}`)
      }
    },
  })
  expect(started).toEqual([])
  expect(seen.broken).toEqual([])
  expect(seen.state).toBe('aborted')
  expect(Object.keys(tried)).toEqual(['preparePeers', 'abort.tidy'])
})

test('a wish that can not be written down is told as such', () => {
  expect(() => writeControl('/nowhere/at/all', 'abort')).toThrow(EvhaError)
  expect(() => writeControl('/nowhere/at/all', 'abort')).toThrow(/could not be asked to abort/)
})

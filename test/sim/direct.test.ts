// What is simulated of seeding from host to host is really met there, and what breaks in it ends well.
import { expect, test } from 'vitest'
import { authorizedKeys } from './direct.ts'
import { simulate } from './simulate.ts'

/** How often streams came in from another host, and keys were found in a peer's file. */
async function seeded(seed: number, faults: Parameters<typeof simulate>[0]['faults'] = []) {
  let streams = 0
  let keysSeen = 0
  const seen = await simulate({
    seed,
    nodes: 3,
    goal: 'migrate',
    faults,
    quiet: true,
    prepare: (sim) => {
      for (const { inlets } of sim.hosts) {
        const set = inlets.set.bind(inlets)
        inlets.set = (path, stream) => {
          if (stream !== null && stream !== '') streams++
          return set(path, stream)
        }
      }
      sim.meets = (host) => {
        if ((host.files.read(authorizedKeys) ?? '').includes('evha seed')) keysSeen++
      }
    },
  })
  return { seen, streams, keysSeen }
}

test('hosts without a fault send to each other, and no key is left', async () => {
  const { seen, streams, keysSeen } = await seeded(1)
  expect(seen.broken).toEqual([])
  expect(seen.state).toBe('done')
  expect([streams > 0, keysSeen > 0]).toEqual([true, true])
})

test('wherever evha dies while it seeds, the next one ends the seeding, and no key is left', async () => {
  for (let nth = 1; nth < 60; nth += 13) {
    const fault = { kind: 'kill after it', state: 'seedData', nth } as const
    const { seen } = await seeded(1, [fault])
    expect(seen.broken, `at point ${nth}`).toEqual([])
    // The window itself may return: a copy can be torn there too.
    expect(['done', 'window.returned'], `at point ${nth}`).toContain(seen.state)
  }
})

// The real engine, machine, steps and journal over simulated hosts, network, time and disk: docs/simulation.md.
import { expect, test } from 'vitest'
import { countInProcesses, told } from './batch.ts'
import { type Found, findPlanted } from './find-planted.ts'
import { simulate } from './simulate.ts'

const tier = process.env['EVHA_TEST_TIER'] ?? 'default'
/** CI takes a sample, a quick look by hand a smaller one. */
const runs = { default: 60, all: 150, nightly: 10_000 }[tier] ?? 30

test(
  `${runs} seeds: one writer, no height signed twice, no block lost, a final state reached, the journal whole`,
  async () => {
    const startedMs = performance.now()
    const counted = await countInProcesses(1, runs, 2)
    process.stdout.write(told(counted, (performance.now() - startedMs) / 1000))
    expect(counted.broken.map(({ seed, sentences }) => `seed ${seed}: ${sentences.join('; ')}`)).toEqual([])
    expect(counted.runs).toBe(runs)
    // A simulation in which nothing goes wrong would prove nothing.
    expect(Object.keys(counted.faults).length).toBeGreaterThan(10)
    expect(Object.keys(counted.states)).toEqual(expect.arrayContaining(['done', 'aborted', 'rolledBack']))
  },
  60 * 60_000,
)

test('a seed replays exactly: the same story, to the millisecond', async () => {
  const [one, other] = [await simulate({ seed: 11 }), await simulate({ seed: 11 })]
  const withoutNames = (story: readonly string[]) =>
    story.map((line) => line.replace(/simulated\/\d+/g, 'simulated'))
  expect(withoutNames(other.story)).toEqual(withoutNames(one.story))
})

/** It needs so rare a chain of events that some hundred seeds miss it; only the nightly tier looks for it. */
const rare = 'the rollback takes the store that was written last'

const isNightly = tier === 'nightly'

test.skipIf(tier === 'default')(
  `each of ${isNightly ? 'eleven' : 'ten'} planted bugs is found`,
  async () => {
    const tell = ({ name, seeds, why }: Found): boolean =>
      process.stdout.write(
        `${seeds === null ? 'NOT FOUND' : `seed ${seeds}`}: ${name}: ${why.slice(0, 160)}\n`,
      )
    // Far more than each of them takes: which seeds find it changes with every change of evha.
    const found = await findPlanted(isNightly ? 4_000 : 200, tell, (name) => isNightly || name !== rare)
    expect(found).toHaveLength(isNightly ? 11 : 10)
    expect(found.filter(({ seeds }) => seeds === null).map(({ name }) => name)).toEqual([])
  },
  2 * 60 * 60_000,
)

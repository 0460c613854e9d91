// The cutover gate may be held for days: what is copied in the window must not have grown meanwhile.
import { expect, test } from 'vitest'
import type { Facts } from '../../src/steps/facts.ts'
import { steps } from '../../src/steps/registry.ts'
import { driveWith, withLab } from './lab.ts'

const anHourMs = 3_600_000

test('a copy that has grown old at the gate is brought up to date before the gate is shown', () =>
  withLab(3, async (lab) => {
    const passes: Facts['weighCutover']['pass'][] = []
    const startedMs = Date.now()
    const end = await driveWith(
      lab,
      {
        seedData: {
          verify: async (context, measured) => {
            const verdict = await steps.seedData.verify(context, measured)
            if (!verdict.done) return verdict
            return {
              ...verdict,
              output: { ...verdict.output, at: new Date(startedMs - anHourMs).toISOString() },
            }
          },
        },
        weighCutover: {
          apply: async (context) => {
            const weighed = await steps.weighCutover.apply(context)
            if (weighed?.pass !== undefined) passes.push(weighed.pass)
            return weighed
          },
        },
      },
      () => undefined,
      [],
    )
    expect(end.outcome, end.failure?.message).toBe('waiting')
    expect(passes).toHaveLength(1)
    expect(Date.parse(passes[0]?.at ?? '')).toBeGreaterThan(startedMs)
    // The chain made blocks since the seeding.
    expect(passes[0]?.lastPassBytes).toBeGreaterThan(0)
  }))

// How long it takes to know where a broken-off run stands, by simulated time: the same on every machine that tests it.
import { expect, test } from 'vitest'
import type { Fault } from './faults.ts'
import { type Sim, startMs } from './sim.ts'
import { simulate } from './simulate.ts'

/**
 * Kills evha in that state; from then on two hosts are without power, and nobody hears so much as a refusal of them. From
 * the next command typed until it says where the run stands.
 */
async function knownAfterSeconds(state: string, elsewhere: boolean): Promise<number[]> {
  const fault: Fault = { kind: 'kill after it', state, nth: 4 }
  const known: number[] = []
  const prepare = (sim: Sim): void => {
    let areGone = false
    sim.meets = () => {
      if (areGone || sim.lastState !== state) return
      areGone = true
      for (const host of sim.hosts.slice(-2)) {
        host.down()
        sim.timeline.in(90_000, () => host.boot())
      }
    }
    sim.hears = (text) => {
      if (!text.startsWith('known after ')) return
      const typed = sim.story.findLast((line) => line.includes(' $ evha ')) ?? ''
      known.push((sim.timeline.now - startMs) / 1_000 - Number.parseFloat(typed))
    }
  }
  await simulate({ seed: 3, nodes: 5, goal: 'migrate', quiet: true, elsewhere, faults: [fault], prepare })
  return known
}

const states = ['seedData', 'window.stop', 'commit.rest']

test.each(states)(
  'killed in %s, with two of five hosts gone: resume knows where it stands within 3 s',
  async (state) => {
    const [first] = await knownAfterSeconds(state, false)
    expect(first).toBeLessThanOrEqual(3)
  },
)

test.each(states)('the same on another workstation: adopt knows it within 10 s', async (state) => {
  const [first] = await knownAfterSeconds(state, true)
  expect(first).toBeLessThanOrEqual(10)
})

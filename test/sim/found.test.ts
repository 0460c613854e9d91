// What the simulation found, each as the run that showed it.
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { writeControl } from '../../src/journal/control.ts'
import { refuseOtherRun } from '../../src/steps/prepare/other-run.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepRegistry } from '../../src/steps/step.ts'
import { startPastUnit } from './faults.ts'
import type { SimHost } from './host.ts'
import type { Sim } from './sim.ts'
import { type Scene, simulate } from './simulate.ts'

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

test('a laptop whose disk was full as it took the lease finds out that the run it began was ended elsewhere', async () => {
  const seen = await simulate({
    seed: 1,
    nodes: 3,
    goal: 'abort in the window',
    elsewhere: true,
    faults: [{ kind: 'disk full on the workstation', state: 'preparePeers', nth: 17 }],
    quiet: true,
  })
  expect(seen.faults).toHaveLength(1)
  expect(seen.broken).toEqual([])
})

/** A laptop dies as it takes the lease; elsewhere no host knows of its run, and another one migrates the chain. Then it wakes up. */
const wokenOnCluster = (nth: number, also: Pick<Scene, 'steps' | 'prepare' | 'goal'> = {}) =>
  simulate({
    seed: 1,
    nodes: 3,
    goal: 'migrate',
    elsewhere: true,
    faults: [{ kind: 'kill in the middle of it', state: 'preparePeers', nth }],
    quiet: true,
    ...also,
  })

const knowsNoDecision = (sim: Sim): void => {
  sim.patch = (text) => text.replace('if [ -e "$2/decision" ]; then cat "$2/decision"; fi', '')
}
const { preparePeers } = realSteps
const preparesAnything: StepRegistry = {
  ...realSteps,
  preparePeers: { ...preparePeers, precheck: () => Promise.resolve() },
}

test('a laptop whose run never began does not prepare the members of a cluster that another run has made', async () => {
  for (const nth of [4, 10, 16]) {
    for (const also of [{}, { prepare: knowsNoDecision }, { steps: preparesAnything }]) {
      const { broken, state, commands } = await wokenOnCluster(nth, also)
      expect(broken, `at point ${nth}`).toEqual([])
      expect(state, `at point ${nth}`).toBe('done')
      // Taken over in vain, then begun anew.
      expect(commands, `at point ${nth}`).toBe(3)
    }
    const { broken } = await wokenOnCluster(nth, { prepare: knowsNoDecision, steps: preparesAnything })
    expect(broken.join(), `at point ${nth}`).toMatch(/the sequencer gets its permit back while .* runs/)
  }
})

/** As if only a run that works there, or a cluster, stood in the way. */
const looksNoMore: StepRegistry = {
  ...realSteps,
  preparePeers: { ...preparePeers, precheck: async (context) => void (await refuseOtherRun(context)) },
}

test('a laptop whose run never began does not go on by its old look where another run went to a cluster and back', async () => {
  for (const nth of [4, 10, 16]) {
    const { broken, state, story } = await wokenOnCluster(nth, { goal: 'roll back' })
    expect(broken, `at point ${nth}`).toEqual([])
    expect(state, `at point ${nth}`).toBe('rolledBack')
    expect(story.join('\n'), `at point ${nth}`).toMatch(/what it saw is out of date/)
    const blind = await wokenOnCluster(nth, { goal: 'roll back', steps: looksNoMore })
    expect(blind.broken.join(), `at point ${nth}`).toMatch(/changed units or configs when all was over/)
  }
})

/** Which of the two signs first is chance. */
const twoSign = /is signed twice|two write at once/

/** As if the key had stayed in its place. */
const keyStays = (sim: Sim): void => void sim.bugs.add('a key set aside is found')

/** The old sequencer's host reboots right after the commit, and a cron line starts the node there before evha is back. */
const rebootedAfterCommit = (also: (sim: Sim) => void = () => undefined) =>
  simulate({
    seed: 1,
    nodes: 3,
    goal: 'migrate',
    quiet: true,
    prepare: (sim) => {
      also(sim)
      const { source } = sim
      sim.meets = () => {
        if (sim.lastState !== 'commit.start') return
        sim.meets = () => undefined
        const cut = sim.unreached as Set<SimHost>
        cut.add(source)
        sim.reboot(source)
        // It is up again after 20 s at the latest.
        sim.timeline.in(25_000, () => startPastUnit(sim))
        sim.timeline.in(35_000, () => cut.delete(source))
      }
    },
  })

test('whatever starts the old sequencer past its unit after a reboot right after the commit finds no key', async () => {
  const { broken, state } = await rebootedAfterCommit()
  expect(broken).toEqual([])
  expect(state).toBe('done')
  // The lock of the store went with the reboot.
  expect((await rebootedAfterCommit(keyStays)).broken.join()).toMatch(twoSign)
})

/** A rollback from right after the first block of the cluster; the old sequencer is started while stores are read. */
const startedWhileRanking = (nth: number, also: (sim: Sim) => void = () => undefined) =>
  simulate({
    seed: 1,
    nodes: 3,
    goal: 'roll back',
    quiet: true,
    faults: [
      { kind: 'kill before it', state: 'commit.rest', nth: 1 },
      { kind: 'something starts the node past its unit', state: 'rollback.rank', nth },
    ],
    prepare: also,
  })

test('whatever starts the old sequencer past its unit while a rollback reads the stores finds no key', async () => {
  const without: string[] = []
  for (let nth = 1; nth <= 24; nth += 3) {
    const { broken, state, faults } = await startedWhileRanking(nth)
    expect(faults, `at point ${nth}`).toHaveLength(2)
    expect(broken, `at point ${nth}`).toEqual([])
    expect(state, `at point ${nth}`).toBe('rolledBack')
    without.push(...(await startedWhileRanking(nth, keyStays)).broken)
  }
  expect(without.join()).toMatch(twoSign)
})

test('a peer whose copy was torn, and that was never started, is in the way of no rollback', async () => {
  let torn = 0
  for (const seed of [24, 33]) {
    const { broken, state } = await simulate({
      seed,
      nodes: 5,
      goal: 'roll back',
      quiet: true,
      prepare: (sim) => {
        const last = sim.hosts[4] as SimHost
        sim.meets = () => {
          // What a pass read while the chain ran, and the last one did not mend.
          if (sim.lastState === 'window.sync') last.diskLies = true
          if (sim.lastState !== 'rollback.rank') return
          if (last.files.read(`${last.spec.home}/data/testapp/000001.vlog`)?.startsWith('torn') === true)
            torn++
          sim.meets = () => undefined
        }
      },
    })
    expect(broken, `seed ${seed}`).toEqual([])
    expect(state, `seed ${seed}`).toBe('rolledBack')
  }
  expect(torn).toBeGreaterThan(0)
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

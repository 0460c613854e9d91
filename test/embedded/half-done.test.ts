// evha dies between any two commands of a step; what it did so far stays. The step's verify must then say "not yet"
// or "done" about whatever it finds, never stumble over it, and the step must end well when it is done again.
import { expect, test } from 'vitest'
import type { StepName } from '../../src/base/names.ts'
import type { Remote } from '../../src/remote/remote.ts'
import type { RunEnd } from '../../src/run/api.ts'
import { steps } from '../../src/steps/registry.ts'
import type { Host, Step, StepContext } from '../../src/steps/step.ts'
import { abortWith, driveWith, filesOf, type Lab, type Replaced, withLab } from './lab.ts'

/** Steps that a resumed run does again, and that change hosts. */
const onTheWayThere = [
  'preparePeers',
  'copySigner',
  'seedData',
  'smoke',
  'startQuorum',
  'startRest',
] as const satisfies readonly StepName[]
const outOfTheWindow = [
  'revokePermits',
  'stopRaft',
  'disarm',
  'returnDecision',
  'unfence',
  'startSource',
] as const satisfies readonly StepName[]

/** Deaths after each command take minutes: only the nightly tier goes through all; else every fourth. */
const stride = process.env['EVHA_TEST_TIER'] === 'nightly' ? 1 : 4

/** The same hosts; after `commands` commands evha is dead: those under way end, none begins. */
function dyingAfter(context: StepContext, commands: number): { mortal: StepContext; died: () => boolean } {
  let left = commands
  const spend = () => {
    if (left-- <= 0) throw new Error('evha is dead')
  }
  const dying = ({ spec, remote }: Host): Host => ({
    spec,
    remote: new Proxy(remote, {
      get: (target, name: keyof Remote) => {
        const real = target[name]
        if (typeof real !== 'function') return real
        const bound = real.bind(target) as (...args: unknown[]) => unknown
        if (name !== 'run' && name !== 'stream' && name !== 'send') return bound
        return async (...args: unknown[]) => {
          spend()
          return bound(...args)
        }
      },
    }),
  })
  const nodes = context.nodes.map(dying)
  const same = (host: Host) => nodes[context.nodes.indexOf(host)] as Host
  return {
    mortal: { ...context, nodes, source: same(context.source), peers: context.peers.map(same) },
    died: () => left < 0,
  }
}

/** Tries the step with ever more commands before the death, until it comes through alive; counts the deaths. */
function dyingEverywhere<K extends StepName>(name: K, deaths: Map<StepName, number>): Partial<Step<K>> {
  const real = steps[name] as unknown as Step<K>
  return {
    apply: async (context) => {
      for (let commands = 0; ; commands += stride) {
        const { mortal, died } = dyingAfter(context, commands)
        try {
          const measured = await real.apply(mortal)
          if (!died()) return measured
        } catch (thrown) {
          if (!died()) throw thrown
        }
        deaths.set(name, (deaths.get(name) ?? 0) + 1)
        const found = await real.verify(context)
        // The machine would go on from here; so does this run, without the rest of the step.
        if (found.done) return found.output
      }
    },
  }
}

const dying = (names: readonly StepName[], deaths: Map<StepName, number>): Replaced =>
  Object.fromEntries(names.map((name) => [name, dyingEverywhere(name, deaths)]))

/** tidy takes the run's lease from the hosts along: who comes after a death is a process with a lease of its own. */
async function abortDyingInTidy(
  lab: Lab,
  deaths: Map<StepName, number>,
  say: (text: string) => void,
): Promise<RunEnd> {
  for (let commands = 0; ; commands += 3 * stride) {
    let dead = false
    const apply = async (context: StepContext): Promise<undefined> => {
      const { mortal, died } = dyingAfter(context, dead ? 0 : commands)
      try {
        await steps.tidy.apply(mortal)
      } finally {
        dead = died()
      }
      if (dead) throw new Error('evha is dead')
      return undefined
    }
    const ended = await abortWith(lab, { tidy: { apply } }, say)
    if (!dead) return ended
    deaths.set('tidy', (deaths.get('tidy') ?? 0) + 1)
  }
}

const found = 'a step that died after any of its commands is found out by its verify, and done again'

test(`on the way there: ${found}`, async () => {
  await withLab(3, async (lab: Lab) => {
    const deaths = new Map<StepName, number>()
    const said: string[] = []
    const ended = await driveWith(lab, dying(onTheWayThere, deaths), (text) => said.push(text))
    const told = `${said.join('\n')}\ndeaths: ${JSON.stringify([...deaths])}`
    expect(ended, told).toMatchObject({ outcome: 'migrated' })
    expect(deaths.get('preparePeers'), told).toBeGreaterThan(3)
    expect(lab.signedTwice(), told).toEqual([])
    process.stdout.write(`${told}\n`)
  })
}, 900_000)

test(`on the way back: ${found}`, async () => {
  await withLab(3, async (lab: Lab) => {
    const before = filesOf(lab)
    const deaths = new Map<StepName, number>()
    const said: string[] = []
    const wrong = { done: false, why: 'the test says so' } as const
    const returned = await driveWith(
      lab,
      { ...dying(outOfTheWindow, deaths), weighCommit: { verify: () => Promise.resolve(wrong) } },
      (text) => said.push(text),
    )
    const told = () => `${said.join('\n')}\ndeaths: ${JSON.stringify([...deaths])}`
    expect(returned, told()).toMatchObject({ outcome: 'returned', exitCode: 5 })
    const ended = await abortDyingInTidy(lab, deaths, (text) => said.push(text))
    expect(ended, told()).toMatchObject({ outcome: 'aborted', exitCode: 5 })
    expect(deaths.get('tidy'), told()).toBeGreaterThan(1)
    expect(lab.signedTwice(), told()).toEqual([])
    const left = [...filesOf(lab).keys()].filter((path) => !before.has(path))
    expect(
      left.filter((path) => /signer|evha|ev-node\.service/.test(path)),
      told(),
    ).toEqual([])
    process.stdout.write(`${told()}\n`)
  })
}, 900_000)

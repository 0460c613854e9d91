import { migrateMachine } from '../../src/machine/migrate.ts'
import type { NodeSpec } from '../../src/runbook/load.ts'
import { must } from '../../src/steps/ask.ts'
import { headOf } from '../../src/steps/chain/head.ts'
import { disarmDeadMan } from '../../src/steps/dead-man/commands.ts'
import { commitDecision } from '../../src/steps/host/commit-decision.ts'
import { changeDecision } from '../../src/steps/host/decision.ts'
import { takePermit } from '../../src/steps/host/permits.ts'
import { shutOut } from '../../src/steps/host/run-key.ts'
import { readUnit, showUnit } from '../../src/steps/host/systemd.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import { done, type Step, type StepContext, type StepRegistry } from '../../src/steps/step.ts'
import { keyOf } from '../../src/steps/window/arm.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { Model } from './modelled.ts'
import type { Sim } from './sim.ts'
import type { Scene } from './simulate.ts'

/** A bug of evha's, made on purpose: the simulation is worth what it finds. */
export interface Planted {
  readonly name: string
  readonly steps?: StepRegistry
  readonly prepare?: (sim: Sim) => void
  /** A fault that seeds do not choose by themselves. */
  readonly kinds?: readonly FaultKind[]
  /** Where a bug shows only in one sort of run, its seeds are of that sort. */
  readonly scene?: Pick<Scene, 'goal' | 'nodes' | 'whileThinking'>
  /** One fault alone, in this state: each seed has it at the next point of the state, and then at the first again. */
  readonly walks?: { readonly fault: Pick<Fault, 'kind' | 'state'>; readonly points: number }
  /** Around all runs with this bug: changes the machine, and gives it back. */
  readonly around?: () => () => void
}

type Parts = { readonly [K in keyof StepRegistry]?: Partial<StepRegistry[K]> }

const withParts = (parts: Parts): StepRegistry =>
  Object.fromEntries(
    Object.entries(realSteps).map(([name, step]) => [
      name,
      { ...step, ...parts[name as keyof StepRegistry] },
    ]),
  ) as unknown as StepRegistry

const nothing = () => Promise.resolve()

/** A text of a script in place of another; a script that has changed since is an error, not a bug that is not found. */
const patched = (bug: string, script: string, from: string, to: string) => {
  if (!script.includes(from)) throw new Error(`the planted bug "${bug}" has no place in its script any more`)
  return (sim: Sim): void => {
    const before = sim.patch
    sim.patch = (text) => before(text === script ? text.replace(from, to) : text)
  }
}

const scriptOf = (argv: readonly string[]): string => argv[2] ?? ''

/** The permit stays until the sequencer has stopped. */
const fenceAfterStop: Parts = {
  fence: {
    apply: () => Promise.resolve(undefined),
    verify: async (context: StepContext) => {
      const { source } = context
      const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
      const noted = await headOf(context, source)
      return noted === null ? { done: false, why: 'no head' } : done({ noted, invocation: unit.invocation })
    },
  },
  stopSource: {
    apply: async (context: StepContext) => {
      const measured = await realSteps.stopSource.apply(context)
      await must(context, context.source, takePermit(context.source.spec, 'single'))
      return measured
    },
  },
}

const oneMore = <K extends 'warmPeers'>(step: Step<K>): Partial<Step<K>> => {
  const more = (context: StepContext): StepContext => ({ ...context, quorum: context.quorum + 1 })
  return {
    precheck: (context) => step.precheck(more(context)),
    apply: (context) => step.apply(more(context)),
    verify: (context, measured) => step.verify(more(context), measured),
  }
}

/** The store that was written last, whatever it holds. */
async function newestStore(context: StepContext, sim: Sim) {
  const measured = await realSteps.rankStores.apply(context)
  const { heights } = measured ?? {}
  if (heights === undefined) return measured
  const writtenMs = (name: string): number =>
    sim.hosts
      .find((host) => host.name === name)
      ?.files.at(`${sim.source.spec.home}/data/${sim.source.spec.db}/000001.vlog`)?.writtenMs ?? 0
  const best = Object.keys(heights).reduce((one, other) => (writtenMs(other) >= writtenMs(one) ? other : one))
  return { heights, best, target: heights[best] ?? 0 }
}

const spec = { home: '', db: '', paths: { evha: '', run: '' } } as NodeSpec
const key = { run: '', attempt: 0, epoch: 0 }
const decisionScript = scriptOf(changeDecision(spec, [], 'open', key).argv)
const notComparing = patched(
  'the decision is written without comparing',
  decisionScript,
  '*) [ "$now $stands" = "$allowed $key" ] && [ "$stood" -le "$epoch" ] || continue ;;',
  '*) ;;',
)
const commitScript = scriptOf(commitDecision(spec, '', key).argv)
/** The commit's last look at the source is not made: it would find what these bugs leave. */
const committedBlindly = patched(
  'committed blindly',
  commitScript,
  commitScript.slice(commitScript.indexOf('if [ -e'), commitScript.lastIndexOf('"$@"')),
  '',
)

/** Eleven of them. `simOf` gives the world that a step of a running simulation stands in. */
export function plantedBugs(simOf: () => Sim): readonly Planted[] {
  return [
    { name: 'the fence comes after the stop', steps: withParts(fenceAfterStop) },
    {
      name: 'nobody holds the lock of the store',
      prepare: (sim) => {
        sim.bugs.add('no lock held')
        // What it would start signs nothing without its key.
        sim.bugs.add('a key set aside is found')
        committedBlindly(sim)
      },
    },
    {
      name: 'the stores are not compared',
      kinds: ['a copy that is not kept'],
      steps: withParts({
        proveEqual: {
          apply: async (context) => {
            const measured = await realSteps.proveEqual.apply(context)
            return { ...measured, equal: context.peers.map((peer) => peer.spec.name), different: {} }
          },
        },
      }),
    },
    {
      name: 'the decision is written without comparing',
      scene: { goal: 'migrate', nodes: 3 },
      walks: { fault: { kind: 'a command lands late', state: 'commit.decide' }, points: 14 },
      prepare: (sim) => {
        notComparing(sim)
        committedBlindly(sim)
      },
    },
    {
      name: 'abort takes the fence away before the Raft processes are proved stopped',
      steps: withParts({
        stopRaft: {
          apply: () => Promise.resolve({ unreached: [] }),
          verify: () => Promise.resolve(done({ unreached: [] })),
        },
        startSource: { precheck: nothing },
      }),
    },
    {
      name: 'a command whose end was not seen is taken for failed, and repeated',
      prepare: (sim) => {
        sim.bugs.add('unknown is repeated')
      },
    },
    {
      name: 'the rollback takes the store that was written last',
      kinds: ['link between hosts cut'],
      scene: { goal: 'roll back' },
      steps: withParts({ rankStores: { apply: (context) => newestStore(context, simOf()) } }),
    },
    {
      name: 'what an earlier process showed at a gate outlives a resume',
      around: () => {
        const { actions } = migrateMachine.implementations as unknown as { actions: Record<string, unknown> }
        const { voidApprovals } = actions
        actions['voidApprovals'] = actions['clearFailure']
        return () => {
          actions['voidApprovals'] = voidApprovals
        }
      },
    },
    {
      name: "the run's key is not taken out of the peers' login keys",
      prepare: (sim) => {
        const script = scriptOf(shutOut(sim.source.spec, '').argv)
        const { modelled } = sim as unknown as { modelled: Map<string, Model> }
        if (!modelled.has(script)) throw new Error('nobody takes a key out any more')
        modelled.set(script, () => ({ code: 0, out: '' }))
      },
    },
    { name: 'the warm set is a quorum', steps: withParts({ warmPeers: oneMore(realSteps.warmPeers) }) },
    {
      name: 'it is decided without measuring once more',
      scene: { goal: 'answer at the terminal', whileThinking: 'another host reboots' },
      steps: withParts({
        decide: {
          apply: async (context) => {
            // The dead-men are told, and whatever they answer is taken for well.
            const told = context.peers.map(({ spec, remote }) =>
              remote.run(disarmDeadMan(spec, keyOf(context))),
            )
            await Promise.allSettled(told)
            await must(
              context,
              context.source,
              changeDecision(context.source.spec, ['open'], 'committed', keyOf(context)),
            )
            return undefined
          },
        },
      }),
    },
  ]
}

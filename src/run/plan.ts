import { resolve } from 'node:path'
import { EvhaError, failureOf } from '../base/errors.ts'
import type { Gate, StepName } from '../base/names.ts'
import { advance, begin, type Snapshot, viewOf } from '../machine/decider.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'
import { headOf } from '../steps/chain/head.ts'
import type { Facts, Head } from '../steps/facts.ts'
import { steps } from '../steps/registry.ts'
import type { Step, StepContext } from '../steps/step.ts'
import type { CheckReport } from './api.ts'
import { type Assumed, assumed } from './assumed.ts'
import { afterCheck } from './check.ts'
import { gateIrreversible } from './gate-words.ts'
import { graphHash } from './open-run.ts'
import { onPaper, Paper, type PlannedCommand, paperContext } from './paper.ts'
import { inputOf } from './rebuild.ts'
import { ofNoRun, stepContext } from './step-context.ts'
import { evhaVersion } from './version.ts'

/** One state of the straight path: what it does, in words and in commands. */
export interface PlannedState {
  readonly state: string
  readonly phase: string
  readonly says: string
  readonly words: readonly string[]
  /** The gate that is asked here, if any. */
  readonly gate: Gate | null
  /** What can not be undone from here on, if anything. */
  readonly irreversible: string | null
  readonly commands: readonly PlannedCommand[]
}

/** What a plan was made for; when one of it is another later, the plan is void. */
export interface World {
  readonly binarySha256: string
  readonly genesisSha256: string
  readonly sourceConfigSha256: string
  readonly sourceUnitSha256: string
  readonly proposerAddress: string
  readonly head: Head
}

/** The whole migration on paper; `plan --json` prints it. */
export interface Plan {
  readonly chain: string
  readonly source: string
  readonly nodes: readonly string[]
  readonly runbook: { readonly path: string; readonly digest: string }
  readonly evha: { readonly version: string; readonly graph: string }
  readonly world: World
  readonly states: readonly PlannedState[]
  /** Changed lines of each node's evnode.yaml. */
  readonly diff: Facts['preparePeers']['diff']
  /** The Raft timing, and where it comes from. */
  readonly timing: string
  /** Sentences: what a dry run can not know. */
  readonly unknown: readonly string[]
}

/** What came of planning: a plan, unless the preflight blocks. */
export interface Planned {
  readonly check: CheckReport
  readonly plan: Plan | null
}

/**
 * Looks at every host as `check` does, then walks the machine to its end with every step on paper: hosts are really
 * asked, nothing is changed on them. Throws EvhaError as `check` does.
 */
export async function planRunbook(runbookPath: string, ask?: PassphraseOf): Promise<Planned> {
  const runbook = loadRunbook(runbookPath)
  return afterCheck(runbook, ask, async ({ report, seen }) => {
    if (!report.ok || seen === null) return { check: report, plan: null }
    return { check: report, plan: await planFor(runbook, seen.context, seen.facts) }
  })
}

async function planFor(runbook: LoadedRunbook, live: StepContext, check: Facts['check']): Promise<Plan> {
  const head = await headOf(live, live.source)
  if (head === null) throw notPlanned(`${live.source.spec.name}: its RPC tells no head`)
  const { states, facts } = await walk(runbook, live, check)
  return {
    chain: runbook.chain,
    source: runbook.source.name,
    nodes: runbook.nodes.map((node) => node.name),
    runbook: { path: resolve(runbook.path), digest: runbook.digest },
    evha: { version: evhaVersion, graph: graphHash() },
    world: worldOf(check, head),
    states,
    diff: facts.preparePeers?.diff ?? {},
    timing: facts.preparePeers?.timing ?? '',
    unknown: unknownIn(facts, check, head),
  }
}

/** What of a preflight's facts a plan is bound to. */
export function worldOf(check: Facts['check'], head: Head): World {
  const { binarySha256, genesisSha256, sourceConfigSha256, sourceUnitSha256, proposerAddress } = check
  return { binarySha256, genesisSha256, sourceConfigSha256, sourceUnitSha256, proposerAddress, head }
}

/** More states than the straight path has: a walk that comes here goes round in circles. */
const statesMax = 100

/** From check to done, each step tried on paper and taken to have gone well. */
async function walk(
  runbook: LoadedRunbook,
  live: StepContext,
  check: Facts['check'],
): Promise<{ states: PlannedState[]; facts: Partial<Facts> }> {
  const paper = new Paper()
  const hosts = onPaper(live.nodes, paper)
  const found: Assumed = { ...assumed(live), check }
  const states: PlannedState[] = []
  let snapshot = begin(inputOf(runbook))
  for (let at = viewOf(snapshot); !at.final; at = viewOf(snapshot)) {
    if (at.work === null || states.length > statesMax) throw notPlanned(`the plan ends in ${at.path}`)
    const step = steps[at.work] as Step<StepName>
    const context = paperContext(
      stepContext({
        run: runOnPaper(runbook),
        runbook,
        hosts,
        machine: at.context,
        windowDeadlineMs: null,
        ...ofNoRun,
        signal: live.signal,
        tell: () => undefined,
        passing: () => undefined,
        sawHeight: () => undefined,
      }),
      paper,
    )
    const measured = onlyLooks.has(at.work) ? undefined : await applied(step, context)
    states.push({
      state: at.path,
      phase: at.phase,
      says: at.says,
      words: step.plan(context),
      gate: at.gate,
      irreversible: irreversibleIn(at.gate, step),
      commands: paper.take(),
    })
    snapshot = passed(snapshot, at.work, { ...measured, ...found[at.work] })
  }
  return { states, facts: viewOf(snapshot).context.facts as Partial<Facts> }
}

function irreversibleIn(gate: Gate | null, step: Step<StepName>): string | null {
  if (gate !== null) return gateIrreversible[gate]
  return 'irreversible' in step ? step.irreversible : null
}

/** Steps that change nothing and would only wait for what a dry run does not start. */
const onlyLooks: ReadonlySet<StepName> = new Set([
  'check',
  'weighCutover',
  'weighCommit',
  'verifyElection',
  'soak',
  'weighFinish',
])

/** Stands in paths on the hosts where the id of the run will be. */
const runOnPaper = ({ chain }: LoadedRunbook) => `${chain}-RUN`

async function applied(step: Step<StepName>, context: StepContext): Promise<object | undefined> {
  try {
    return await step.apply(context)
  } catch (thrown) {
    const { message, hint } = failureOf(thrown)
    throw notPlanned(`${message} (${step.name}, on paper)`, hint)
  }
}

/** The machine past a step that went well, and past its gate as if it had been approved. */
function passed(snapshot: Snapshot, step: StepName, output: object): Snapshot {
  const after = advance(snapshot, { type: 'STEP_DONE', step, output })
  const { gate, context } = viewOf(after)
  if (gate === null || context.evidence[gate] === undefined) return after
  const digest = context.evidence[gate]
  return advance(after, { type: 'APPROVE', gate, chain: context.chain, digest, by: 'on paper' })
}

function unknownIn(facts: Partial<Facts>, check: Facts['check'], head: Head): string[] {
  const keyless = Object.values(facts.preparePeers?.diff ?? {}).flatMap((lines) =>
    lines.flatMap((line) => [...line.matchAll(/<peer id of ([^>]+)>/g)].map(([, name]) => name ?? '')),
  )
  const names = [...new Set(keyless)].sort()
  return [
    ...(names.length === 0
      ? []
      : [`the peer ids of ${names.join(', ')}: their node keys are made by preparePeers`]),
    ...(check.rttMaxMs === null
      ? ['the round trip between the hosts (no ping): the Raft timing is the one for a near network']
      : []),
    `the last block of the single sequencer: this was planned at block ${head.height}`,
    'how much the last copy moves and how long the window takes: measured while seeding, shown at the cutover gate',
    'which files change or go while they are copied: the later passes copy, remove or level just those',
    'whether every peer has the same content then: here all of them do; one that differs is not started',
    'the id of the run, which stands as RUN in paths, and the stamps and names made of it',
  ]
}

function notPlanned(message: string, hint = 'see `evha check`; nothing was changed'): EvhaError {
  return new EvhaError({ kind: 'failed', message, changedAnything: 'no', retryable: true, hint })
}

import { EvhaError } from '../base/errors.ts'
import { loadRunbook } from '../runbook/load.ts'
import { hashAt, heightOf } from '../steps/chain/head.ts'
import type { StepContext } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { afterCheck } from './check.ts'
import { startRun } from './drive.ts'
import { graphHash } from './open-run.ts'
import { worldOf } from './plan.ts'
import { readPlan, type SavedPlan } from './plan-file.ts'
import { evhaVersion } from './version.ts'

/** Begins the migration of a saved plan, if everything it was made for is still so. */
export async function startPlanned(planPath: string, options: DriveOptions): Promise<RunEnd> {
  const plan = readPlan(planPath)
  await refuseMoved(plan, options)
  return startRun(plan.runbook.path, options)
}

/** Throws EvhaError 'usage' that names all that is another than when the plan was made. */
async function refuseMoved(plan: SavedPlan, options: DriveOptions): Promise<void> {
  const runbook = loadRunbook(plan.runbook.path)
  const here = [
    ...(runbook.digest === plan.runbook.digest ? [] : [`the runbook ${plan.runbook.path} was changed`]),
    ...(evhaVersion === plan.evha.version && graphHash() === plan.evha.graph
      ? []
      : [`it was made by evha ${plan.evha.version}, this is another one`]),
  ]
  if (here.length > 0) throw voided(here, plan)
  const moved = await afterCheck(runbook, options.passphraseOf, async ({ report, seen }) => {
    // What blocks is told by the run itself, which looks again.
    if (!report.ok || seen === null) return []
    return [...worldMoved(plan, seen), ...(await chainMoved(plan, seen.context))]
  })
  if (moved.length > 0) throw voided(moved, plan)
}

const words = {
  binarySha256: 'the binary of the node is another one',
  genesisSha256: 'genesis.json is another one',
  sourceConfigSha256: "the single sequencer's evnode.yaml was changed",
  sourceUnitSha256: "the single sequencer's unit was changed",
  proposerAddress: 'the chain has another proposer',
} as const

function worldMoved(
  { world }: SavedPlan,
  { facts }: { readonly facts: Parameters<typeof worldOf>[0] },
): string[] {
  const now = worldOf(facts, world.head)
  return Object.entries(words).flatMap(([name, sentence]) =>
    now[name as keyof typeof words] === world[name as keyof typeof words] ? [] : [sentence],
  )
}

/** The planned head must be a block of the live chain still. */
async function chainMoved({ world }: SavedPlan, context: StepContext): Promise<string[]> {
  const { height, hash } = world.head
  const now = (await heightOf(context, context.source)) ?? 0
  if (now < height) return [`the chain ends at block ${now}, below the planned ${height}`]
  const found = await hashAt(context, context.source, height)
  return found === hash ? [] : [`block ${height} of the chain is not the one the plan was made at`]
}

function voided(moved: readonly string[], plan: SavedPlan): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message: `the plan does not hold any more: ${moved.join('; ')}`,
    changedAnything: 'no',
    retryable: false,
    hint: `read a new one: evha plan ${plan.runbook.path} --out FILE`,
  })
}

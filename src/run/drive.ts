import { EvhaError, failureOf } from '../base/errors.ts'
import { clearControl } from '../journal/control.ts'
import { findRun } from '../journal/runs.ts'
import { begin } from '../machine/decider.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'
import { whoDrives } from '../steps/host/who.ts'
import { steps as realSteps } from '../steps/registry.ts'
import type { Host, StepRegistry } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { exitCodeOf, lastFailure, nextCommand, outcomeOf } from './ends.ts'
import { Engine } from './engine.ts'
import { abortElsewhere, isDrivenElsewhere } from './from-elsewhere.ts'
import { refuseUnusableHooks } from './hooks.ts'
import { closeHosts } from './hosts.ts'
import { beginRun, closeRun, type OpenRun, reopenRun } from './open-run.ts'
import { inputOf, snapshotOf, windowDeadline } from './rebuild.ts'
import { heldToRehearsal, rehearsedFor, rehearsedIn, rehearsedNote } from './rehearsed.ts'
import type { Stop } from './stop.ts'
import { realWorld } from './world.ts'

/** Begins a migration and drives it as far as its gates allow. `steps` is given by tests that take a guard away. */
export async function startRun(
  runbookPath: string,
  options: DriveOptions,
  steps: StepRegistry = realSteps,
): Promise<RunEnd> {
  const runbook = loadRunbook(runbookPath)
  refuseOtherChain(runbook, options)
  refuseUnusableHooks(runbook)
  const rehearsed = rehearsedFor(runbook, options)
  const run = beginRun(runbook, options.stateDir, process.argv.slice(2), options.world)
  if (rehearsed !== null) run.journal.append(rehearsedNote(rehearsed))
  return withHosts(run, options, false, async (hosts) => {
    const engine = new Engine(run, hosts, heldToRehearsal(steps, rehearsed), options, {
      snapshot: begin(inputOf(run.runbook)),
      wantsAbort: false,
    })
    return finishDrive(run, engine, await engine.drive(), options)
  })
}

/** Goes on where the journal stopped. A finished run is only told about. */
export async function resumeRun(
  wanted: string | undefined,
  options: DriveOptions,
  steps: StepRegistry = realSteps,
): Promise<RunEnd> {
  const run = reopenRun(options.stateDir, wanted, options.world)
  return withHosts(run, options, true, async (hosts) => {
    refuseOtherChain(run.runbook, options)
    const held = heldToRehearsal(steps, rehearsedIn(run.journal.records))
    const engine = reopened(run, hosts, held, options, false)
    if (engine.view.final) return endOf(run, engine, { why: 'end' })
    if (engine.view.path === 'window.returned') engine.give({ type: 'NEXT_ATTEMPT' })
    let stop = await engine.drive()
    // The way back was taken because a process had died or slept, not because anything was wrong: try again at once.
    const { path, context } = engine.view
    if (
      path === 'window.returned' &&
      (context.returnCause === 'interrupted' || context.returnCause === 'deadMan')
    ) {
      engine.give({ type: 'NEXT_ATTEMPT' })
      stop = await engine.drive()
    }
    return finishDrive(run, engine, stop, options)
  })
}

/** Back to the single sequencer, before the point of no return. A living process is asked to do it. */
export async function abortRun(
  wanted: string | undefined,
  options: DriveOptions,
  steps: StepRegistry = realSteps,
): Promise<RunEnd> {
  const files = findRun(options.stateDir, wanted)
  if (isDrivenElsewhere(options.stateDir, files)) {
    const end = await abortElsewhere(files, options)
    if (end !== null) return end
    options.observer.progress('the other process went away before it was through; going back from here')
  }
  const run = reopenRun(options.stateDir, files.run, options.world)
  return withHosts(run, options, true, async (hosts) => {
    const engine = reopened(run, hosts, steps, options, true)
    if (engine.view.final) return endOf(run, engine, { why: 'end' })
    return finishDrive(run, engine, await engine.drive(), options)
  })
}

/** After the point of no return: one sequencer again, through its own gate. */
export async function rollbackRun(
  wanted: string | undefined,
  options: DriveOptions,
  steps: StepRegistry = realSteps,
): Promise<RunEnd> {
  const run = reopenRun(options.stateDir, wanted, options.world)
  return withHosts(run, options, true, async (hosts) => {
    refuseOtherChain(run.runbook, options)
    const engine = reopened(run, hosts, steps, options, false)
    if (engine.view.phase !== 'rollback' && engine.view.gate !== 'rollback') {
      if (engine.refuses({ type: 'ROLLBACK' })) throw noRollbackFrom(engine)
      engine.give({ type: 'ROLLBACK' })
    }
    return finishDrive(run, engine, await engine.drive(), options)
  })
}

function noRollbackFrom({ view }: Engine): EvhaError {
  const before = !view.tags.has('irreversible')
  return new EvhaError({
    kind: 'usage',
    message: `there is nothing to roll back from here: ${view.says}`,
    changedAnything: 'no',
    retryable: false,
    hint: before
      ? 'before the point of no return `evha abort` goes back'
      : 'after finish the old unit lies below the directory of evha on the sequencer; go back by hand',
  })
}

function reopened(
  run: OpenRun,
  hosts: ConstructorParameters<typeof Engine>[1],
  steps: StepRegistry,
  options: DriveOptions,
  wantsAbort: boolean,
): Engine {
  const snapshot = snapshotOf({ records: run.journal.records, runbook: run.runbook })
  const engine = new Engine(run, hosts, steps, options, { snapshot, wantsAbort })
  if (engine.view.final) return engine
  // What was asked of a process that is gone was not asked of this one.
  clearControl(run.files.dir)
  const [user = '', host = ''] = whoDrives().split('@')
  run.journal.append({ type: 'resumed', pid: process.pid, host, user })
  const deadlineMs = windowDeadline(run.journal.records, run.runbook.window.budgetSeconds)
  const { clock } = options.world ?? realWorld
  engine.give({ type: 'RESUME', windowOverran: deadlineMs !== null && clock.now() >= deadlineMs })
  return engine
}

/** A confirmation names the chain it is for; the wrong name is a slip of the hand, not a refusal at the gate. */
function refuseOtherChain(runbook: LoadedRunbook, options: DriveOptions): void {
  for (const [gate, chain] of options.confirms) {
    if (chain === runbook.chain) continue
    throw new EvhaError({
      kind: 'usage',
      message: `--confirm ${gate}=${chain} names another chain than the runbook, which is for ${runbook.chain}`,
      changedAnything: 'no',
      retryable: false,
      hint: `type --confirm ${gate}=${runbook.chain}, if that is the chain you mean`,
    })
  }
}

async function withHosts(
  run: OpenRun,
  options: DriveOptions,
  resumed: boolean,
  work: (hosts: readonly Host[]) => Promise<RunEnd>,
): Promise<RunEnd> {
  let hosts: readonly Host[] = []
  try {
    const { openHosts } = options.world ?? realWorld
    hosts = await openHosts(run.runbook, (entry) => run.log.command(entry), options.passphraseOf)
    options.observer.opened({ id: run.files.run, chain: run.runbook.chain, dir: run.files.dir, resumed })
    return await work(hosts)
  } catch (error) {
    run.log.problem(failureOf(error).message)
    throw error
  } finally {
    await closeHosts(hosts)
    closeRun(run)
  }
}

async function finishDrive(run: OpenRun, engine: Engine, stop: Stop, options: DriveOptions): Promise<RunEnd> {
  const end = endOf(run, engine, stop)
  if (stop.why === 'tooLateToAbort')
    options.observer.progress('the point of no return is behind: there is only forward or rollback')
  await engine.tellEnd(end)
  run.journal.append({ type: 'ended', outcome: end.outcome, exitCode: end.exitCode })
  return end
}

function endOf(run: OpenRun, engine: Engine, stop: Stop): RunEnd {
  const { view } = engine
  const failure = stop.why === 'failed' ? stop.failure : lastFailure(view.context)
  const interrupted = stop.why === 'paused'
  const outcome = outcomeOf(view, failure, !interrupted)
  return {
    run: run.files.run,
    outcome: interrupted && outcome === 'waiting' ? 'interrupted' : outcome,
    // A finished run that is resumed says so and is a success, however it ended.
    exitCode:
      stop.why === 'end' && view.final && run.journal.records.at(-1)?.type === 'ended'
        ? 0
        : exitCodeOf(view, stop),
    failure,
    next: nextCommand(view, run.files.run, run.runbook.chain, run.stateDir),
  }
}

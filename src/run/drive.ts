import { EvhaError, failureOf } from '../base/errors.ts'
import { clearControl } from '../journal/control.ts'
import type { JournalRecord } from '../journal/record.ts'
import { findRun } from '../journal/runs.ts'
import { begin, viewOf } from '../machine/decider.ts'
import { newGuard } from '../remote/guarded.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'
import { whoDrives } from '../steps/host/who.ts'
import { steps as realSteps } from '../steps/registry.ts'
import type { StepRegistry } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { behindGuard, type Door } from './behind-guard.ts'
import { catchUp } from './catch-up.ts'
import { exitCodeOf, lastFailure, nextCommand, outcomeOf } from './ends.ts'
import { type Driven, Engine } from './engine.ts'
import { abortElsewhere, isDrivenElsewhere } from './from-elsewhere.ts'
import { Holding } from './holding.ts'
import { refuseUnusableHooks } from './hooks.ts'
import { closeHosts } from './hosts.ts'
import { beginRun, closeRun, type OpenRun, reopenRun } from './open-run.ts'
import { inputOf, snapshotOf, unsettled } from './rebuild.ts'
import { refuseUnproved } from './refuse-unproved.ts'
import { heldToRehearsal, rehearsedFor, rehearsedIn, rehearsedNote } from './rehearsed.ts'
import type { Stop } from './stop.ts'
import { WindowBudget } from './window-budget.ts'
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
  refuseUnproved(runbook)
  const rehearsed = rehearsedFor(runbook, options)
  const run = beginRun(runbook, options.stateDir, process.argv.slice(2), options.world)
  if (rehearsed !== null) run.journal.append(rehearsedNote(rehearsed))
  return withHosts(run, options, false, async (driven) => {
    const engine = new Engine(driven, heldToRehearsal(steps, rehearsed), options, {
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
  const found = reopenRun(options.stateDir, wanted, options.world)
  return withHosts(found, options, true, async (driven) => {
    const { run } = driven
    refuseOtherChain(run.runbook, options)
    const held = heldToRehearsal(steps, rehearsedIn(run.journal.records))
    const engine = await reopened(driven, held, options, false)
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
  const found = reopenRun(options.stateDir, files.run, options.world)
  return withHosts(found, options, true, async (driven) => {
    const { run } = driven
    const engine = await reopened(driven, steps, options, true)
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
  const found = reopenRun(options.stateDir, wanted, options.world)
  return withHosts(found, options, true, async (driven) => {
    const { run } = driven
    refuseOtherChain(run.runbook, options)
    const engine = await reopened(driven, steps, options, false)
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

/** The machine as the journal left it, once the run is this process's own. */
async function reopened(
  driven: Driven,
  steps: StepRegistry,
  options: DriveOptions,
  wantsAbort: boolean,
): Promise<Engine> {
  const { run, holding } = driven
  const { records } = run.journal
  const engine = new Engine(driven, steps, options, {
    snapshot: snapshotOf({ records, runbook: run.runbook }),
    wantsAbort,
  })
  if (engine.view.final) return engine
  if (touchesHosts(run)) {
    tellUnfinished(records, steps, options)
    await holding.take(options.stopNow)
  }
  // What was asked of a process that is gone was not asked of this one.
  clearControl(run.files.dir)
  const [user = '', host = ''] = whoDrives().split('@')
  run.journal.append({ type: 'resumed', pid: process.pid, host, user })
  const { clock } = options.world ?? realWorld
  engine.give({ type: 'RESUME', windowOverran: new WindowBudget(run, clock).isSpent })
  return engine
}

/** Before the first look is over no host was changed, and none keeps a copy of the journal. */
function touchesHosts({ journal, runbook }: OpenRun): boolean {
  const view = viewOf(snapshotOf({ records: journal.records, runbook }))
  return !view.final && view.path !== 'check'
}

/** Whoever held the run before may have died inside of what can not be undone: that is said before it is gone on with. */
function tellUnfinished(records: readonly JournalRecord[], steps: StepRegistry, options: DriveOptions): void {
  const name = unsettled(records)
  const step = name === null ? null : steps[name]
  if (step === null || !('irreversible' in step)) return
  options.observer.progress(
    `whoever held the run before was broken off in ${step.name}, which can not be undone; how far it came is read from the hosts`,
  )
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
  begun: OpenRun,
  options: DriveOptions,
  resumed: boolean,
  work: (driven: Driven) => Promise<RunEnd>,
): Promise<RunEnd> {
  const guard = newGuard()
  const tell = (text: string) => options.observer.progress(text)
  let run = begun
  let hosts: readonly Door[] = []
  let holding: Holding | null = null
  try {
    const world = options.world ?? realWorld
    const opened = await world.openHosts(run.runbook, (entry) => run.log.command(entry), options.passphraseOf)
    hosts = opened.map((host) => behindGuard(host, guard))
    options.observer.opened({ id: run.files.run, chain: run.runbook.chain, dir: run.files.dir, resumed })
    let known: ReadonlyMap<string, number> = new Map()
    if (resumed && touchesHosts(run)) ({ run, known } = await catchUp(run, hosts, tell, world.clock))
    holding = new Holding(run, hosts, guard, world, tell, known)
    return await work({ run, hosts, holding })
  } catch (error) {
    run.log.problem(failureOf(error).message)
    throw error
  } finally {
    await holding?.end()
    await closeHosts(hosts)
    closeRun(run)
  }
}

async function finishDrive(run: OpenRun, engine: Engine, stop: Stop, options: DriveOptions): Promise<RunEnd> {
  if (stop.why === 'lost') throw new EvhaError(stop.failure)
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

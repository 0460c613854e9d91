import { EvhaError } from '../base/errors.ts'
import { clearControl, readControl, writeControl } from '../journal/control.ts'
import { readLock } from '../journal/lock.ts'
import { findRun, type RunFiles } from '../journal/runs.ts'
import { type StateView, viewOf } from '../machine/decider.ts'
import { quote } from '../remote/render.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { exitCodeOf, lastFailure, nextCommand, outcomeOf } from './ends.ts'
import { readRun, snapshotOf } from './rebuild.ts'
import type { Stop } from './stop.ts'
import { realWorld } from './world.ts'

/** How long a running process gets to bring the old sequencer back after it was asked to. */
const abortElsewhereMs = 180_000
const lookEveryMs = 200

/** True while a living process drives the run. */
export function isDrivenElsewhere(stateDir: string, files: RunFiles): boolean {
  const driver = readLock(stateDir, files.chain)
  return driver !== undefined && driver.liveness !== 'dead' && driver.owner.run === files.run
}

const viewNow = (files: RunFiles): StateView => viewOf(snapshotOf(readRun(files)))

/**
 * Asks the process that drives a run to go back, and waits for it. Null when that process went away without having
 * done it: then whoever asked does it.
 */
export async function abortElsewhere(files: RunFiles, options: DriveOptions): Promise<RunEnd | null> {
  const { clock } = options.world ?? realWorld
  const before = viewNow(files)
  if (before.tags.has('irreversible')) return endOf(files, options, { why: 'tooLateToAbort' })
  writeControl(files.dir, 'abort')
  options.observer.progress('another evha process drives this run; it was asked to go back and is waited for')
  const deadlineMs = clock.now() + abortElsewhereMs
  let shown = before.path
  while (isDrivenElsewhere(options.stateDir, files)) {
    if (options.stopNow.aborted || clock.now() >= deadlineMs) throw stillGoing(files, options)
    await clock.sleep(lookEveryMs)
    const view = viewNow(files)
    if (view.path !== shown) options.observer.progress(view.says)
    shown = view.path
    if (view.tags.has('irreversible') && readControl(files.dir) === undefined)
      return endOf(files, options, { why: 'tooLateToAbort' })
  }
  clearControl(files.dir)
  return viewNow(files).final ? endOf(files, options, { why: 'end' }) : null
}

function endOf(files: RunFiles, options: DriveOptions, stop: Stop): RunEnd {
  const stored = readRun(files)
  const view = viewOf(snapshotOf(stored))
  if (stop.why === 'tooLateToAbort')
    options.observer.progress('the point of no return is behind: there is only forward or rollback')
  return {
    run: files.run,
    outcome: outcomeOf(view, view.context.failure, true),
    exitCode: exitCodeOf(view, stop),
    failure: lastFailure(view.context),
    next: nextCommand(view, files.run, stored.header.chain, options.stateDir),
  }
}

function stillGoing(files: RunFiles, options: DriveOptions): EvhaError {
  return new EvhaError({
    kind: 'timeout',
    message: `the other process was asked to go back and is not through yet: ${viewNow(files).says}`,
    changedAnything: 'yes',
    retryable: true,
    hint: `it goes on by itself; watch it with \`evha status --watch ${files.run} --state-dir ${quote(options.stateDir)}\``,
  })
}

/** What `pause` did. */
export interface Paused {
  readonly run: string
  readonly state: string
  readonly says: string
  /** True when the chain stands still or is about to: the run first goes on to where it produces again. */
  readonly later: boolean
}

/** Asks the process that drives a run to stop at the next safe point; does not wait for it. */
export function pauseRun(stateDir: string, run: string | undefined): Paused {
  const files = findRun(stateDir, run)
  if (!isDrivenElsewhere(stateDir, files)) {
    throw new EvhaError({
      kind: 'usage',
      message: `no evha process is at work on the run ${files.run}: there is nothing to pause`,
      changedAnything: 'no',
      retryable: false,
      hint: `\`evha status ${files.run}\` says where it stands`,
    })
  }
  writeControl(files.dir, 'pause')
  const view = viewNow(files)
  const later = view.phase === 'window' || view.phase === 'commit' || view.tags.has('chain-stopped')
  return { run: files.run, state: view.path, says: view.says, later }
}

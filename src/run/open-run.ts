import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/journal.ts'
import { type HeldLock, releaseLock, takeLock } from '../journal/lock.ts'
import { openLog, type RunLog } from '../journal/log.ts'
import type { RecordOf } from '../journal/record.ts'
import { createRun, findRun, listRuns, newRunId, type RunFiles, runFiles } from '../journal/runs.ts'
import { viewOf } from '../machine/decider.ts'
import { graphText } from '../machine/graph.ts'
import { machineVersion } from '../machine/migrate.ts'
import { type LoadedRunbook, runbookFromText } from '../runbook/load.ts'
import { readRun, snapshotOf } from './rebuild.ts'
import { evhaVersion } from './version.ts'
import { realWorld, type World } from './world.ts'

/** A run with everything it needs at hand: its files, its journal open for writing, its lock. */
export interface OpenRun {
  readonly files: RunFiles
  readonly journal: Journal
  readonly log: RunLog
  readonly lock: HeldLock
  readonly runbook: LoadedRunbook
  readonly stateDir: string
}

let hashOfGraph: string | undefined
export const graphHash = () => {
  hashOfGraph ??= createHash('sha256').update(graphText()).digest('hex')
  return hashOfGraph
}

/** Begins a run: lock taken, header on the disk, in this order; nothing was connected when it returns. */
export function beginRun(
  runbook: LoadedRunbook,
  stateDir: string,
  command: readonly string[],
  { clock, random }: Pick<World, 'clock' | 'random'> = realWorld,
): OpenRun {
  const run = newRunId(runbook.chain, clock.now(), random())
  const lock = takeLock(stateDir, { chain: runbook.chain, run, now: clock.now })
  try {
    refuseBesideUnfinished(stateDir, runbook.chain)
    const header = {
      run,
      chain: runbook.chain,
      runbookDigest: runbook.digest,
      machineVersion,
      graphHash: graphHash(),
      evhaVersion,
      command: [...command],
    }
    const { files, journal } = createRun(stateDir, header, runbook.text, { now: clock.now })
    return { files, journal, log: openLog(files.log), lock, runbook, stateDir }
  } catch (error) {
    releaseLock(stateDir, lock)
    throw error
  }
}

/** Opens a run again, to go on with it. */
export function reopenRun(
  stateDir: string,
  run: string | undefined,
  { clock }: Pick<World, 'clock'> = realWorld,
): OpenRun {
  const files = findRun(stateDir, run)
  const lock = takeLock(stateDir, { chain: files.chain, run: files.run, now: clock.now })
  try {
    const journal = openJournal(files.dir, { now: clock.now })
    try {
      const runbook = reachedFromHere(
        runbookFromText(readFileSync(files.runbook, 'utf8'), files.runbook),
        files,
      )
      refuseForeignJournal(files, journal.header, runbook)
      return { files, journal, log: openLog(files.log), lock, runbook, stateDir }
    } catch (error) {
      journal.close()
      throw error
    }
  } catch (error) {
    releaseLock(stateDir, lock)
    throw error
  }
}

export function closeRun({ journal, log, lock, stateDir }: OpenRun): void {
  journal.close()
  log.close()
  releaseLock(stateDir, lock)
}

/** Two unfinished runs of one chain would undo each other's preparations. A run that stopped at check changed nothing. */
function refuseBesideUnfinished(stateDir: string, chain: string): void {
  for (const { run, chain: other } of listRuns(stateDir)) {
    if (other !== chain) continue
    const view = viewOf(snapshotOf(readRun(runFiles(stateDir, run))))
    if (view.final || view.path === 'check') continue
    throw new EvhaError({
      kind: 'usage',
      message: `the run ${run} of this chain is not finished: ${view.says}`,
      changedAnything: 'no',
      retryable: false,
      hint: `\`evha resume ${run}\` goes on with it, \`evha abort ${run}\` ends it`,
    })
  }
}

/** The journal must be this run's own, begun with this runbook and by a machine that this evha still is. */
export function refuseForeignJournal(
  files: RunFiles,
  header: RecordOf<'header'>,
  runbook: LoadedRunbook,
): void {
  if (header.run !== files.run || header.chain !== files.chain)
    throw notThisRun(`the journal ${files.journal} belongs to the run ${header.run}, not to ${files.run}`)
  if (header.runbookDigest !== runbook.digest)
    throw notThisRun(`${files.runbook} is not the runbook that the run ${header.run} was begun with`)
  if (header.machineVersion === machineVersion && header.graphHash === graphHash()) return
  throw new EvhaError({
    kind: 'usage',
    message: `the run ${header.run} was begun by evha ${header.evhaVersion} with another state machine (version ${header.machineVersion}, graph ${header.graphHash.slice(0, 12)})`,
    changedAnything: 'no',
    retryable: false,
    hint: `go on with evha ${header.evhaVersion}, the version that began it`,
  })
}

function notThisRun(message: string): EvhaError {
  return new EvhaError({
    kind: 'contradiction',
    message,
    changedAnything: 'no',
    retryable: false,
    hint: 'put the right file back; the hosts keep copies of journal and runbook, and `evha adopt RUNBOOK RUN --state-dir DIR` reads them into a directory of its own',
  })
}

/** An adopted run is reached with the logins of this workstation, and calls its hooks; all else is as it was begun. */
function reachedFromHere(runbook: LoadedRunbook, { reach }: RunFiles): LoadedRunbook {
  if (!existsSync(reach)) return runbook
  const here = runbookFromText(readFileSync(reach, 'utf8'), reach)
  const nodes = runbook.nodes.map((node) => ({
    ...node,
    ssh: here.nodes.find(({ name }) => name === node.name)?.ssh ?? node.ssh,
  }))
  const source = nodes.find(({ name }) => name === runbook.source.name) ?? runbook.source
  return { ...runbook, nodes, source, peers: nodes.filter((node) => node !== source), hooks: here.hooks }
}

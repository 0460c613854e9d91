import { randomBytes } from 'node:crypto'
import { EvhaError, failureOf } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import type { JournalRecord } from '../journal/record.ts'
import { findRun } from '../journal/runs.ts'
import { viewOf } from '../machine/decider.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'
import type { Facts } from '../steps/facts.ts'
import type { PartName } from '../steps/gates/prediction.ts'
import { steps as realSteps } from '../steps/registry.ts'
import { type Failover, killLeader } from '../steps/rehearse/failover.ts'
import type { StepRegistry } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { realClock } from './clock.ts'
import { resumeRun, rollbackRun, startRun } from './drive.ts'
import { closeHosts, openHosts } from './hosts.ts'
import { graphHash } from './open-run.ts'
import { readRun, snapshotOf, windowDeadline } from './rebuild.ts'
import { type RehearsalRecord, type Subject, spreadOf, subjectDigest } from './rehearsal-record.ts'
import { reportOf } from './report.ts'
import { replayPacesIn, windowsIn } from './seen-windows.ts'
import { ofNoRun, stepContext } from './step-context.ts'
import { subjectOf } from './subject.ts'
import { evhaVersion } from './version.ts'

/** Where a rehearsal takes place. */
export interface Stage {
  readonly on: 'lab' | 'staging'
  /** Makes a throwaway chain that runs; gives the runbook for it. */
  up(): Promise<string>
  /** Takes away what `up` made. */
  down(): Promise<void>
}

/** Hears what the rehearsal is at. */
export type Part = (title: string) => void

/** What one time through it measured. */
interface Seen {
  run: string
  subject: Subject | null
  standIn: boolean
  chain: string
  runbook: string
  records: readonly JournalRecord[]
  overrunMs: number | null
  failover: Failover | null
  gapMs: number | null
  rollbackMs: number | null
  seededBytes: number
  signedTwice: readonly number[]
}

/**
 * The whole migration on a stage, `times` over: the cutover with an injected overrun and the automatic return, the
 * migration again, the death of the leader, the rollback. Never throws for what goes wrong in it: the record says so.
 */
export async function rehearse(
  stage: Stage,
  options: DriveOptions,
  times: number,
  tell: Part,
): Promise<RehearsalRecord> {
  const seen: Seen[] = []
  let failure: string | null = null
  for (let time = 1; time <= times && failure === null; time++) {
    const one = nothingSeen()
    seen.push(one)
    try {
      tell(
        `${times === 1 ? '' : `${time} of ${times}: `}a throwaway chain on ${stage.on === 'lab' ? 'an embedded lab' : 'the staging hosts'}`,
      )
      await once(await stage.up(), options, one, tell)
      await stage.down()
    } catch (thrown) {
      failure = failureOf(thrown).message
      // Hosts of an operator are left as they are, to be looked at; a lab of this rehearsal is nobody's.
      if (stage.on === 'lab') await stage.down()
    }
  }
  return recordOf(stage.on, seen, failure)
}

const nothingSeen = (): Seen => ({
  run: '',
  subject: null,
  standIn: false,
  chain: '',
  runbook: '',
  records: [],
  overrunMs: null,
  failover: null,
  gapMs: null,
  rollbackMs: null,
  seededBytes: 0,
  signedTwice: [],
})

async function once(runbookPath: string, options: DriveOptions, seen: Seen, tell: Part): Promise<void> {
  const runbook = loadRunbook(runbookPath)
  if (!runbook.staging) throw new Error('a stage gives a runbook that is marked staging')
  seen.chain = runbook.chain
  seen.runbook = runbookPath
  const confirmed = (...gates: Gate[]): DriveOptions => ({
    ...options,
    confirms: new Map(gates.map((gate) => [gate, runbook.chain])),
    approver: { ask: () => Promise.resolve('later') },
  })

  tell('the cutover, with an overrun: the window is held open until its budget is spent')
  const first = await startRun(runbookPath, confirmed('cutover', 'commit'), overrunning)
  seen.run = first.run
  read(seen, options.stateDir)
  mustEnd(first, 'returned', 'the overrun did not end with the old sequencer producing')
  seen.overrunMs = returnedAfter(seen.records, runbook.window.budgetSeconds)

  tell('the migration again, to its end')
  const second = await resumeRun(first.run, confirmed('cutover', 'commit'))
  read(seen, options.stateDir)
  mustEnd(second, 'migrated', 'the migration did not come to its end')

  tell('a failover: the leader is killed')
  seen.failover = await failOver(runbook, first.run, options)

  tell('the rollback to the single sequencer')
  const back = await rollbackRun(first.run, confirmed('rollback'))
  read(seen, options.stateDir)
  mustEnd(back, 'rolledBack', 'the rollback did not end with the old sequencer producing')
  seen.rollbackMs = rolledBackAfter(seen.records)
  if (seen.signedTwice.length > 0) throw failed(`heights were signed twice: ${seen.signedTwice.join(', ')}`)
}

/** The real steps, but for one that does nothing until the budget is spent. */
const overrunning: StepRegistry = {
  ...realSteps,
  finalSync: {
    ...realSteps.finalSync,
    apply: async (context) => {
      context.tell('rehearsal: nothing goes on in this window; its budget will be spent')
      const deadlineMs = context.windowDeadlineMs
      if (deadlineMs === null) throw new Error('the window has no deadline')
      await context.sleep(Math.max(0, deadlineMs - context.now()) + 60_000)
      throw new Error('the budget did not end the window')
    },
  },
}

async function failOver(runbook: LoadedRunbook, run: string, options: DriveOptions): Promise<Failover> {
  const stored = readRun(findRun(options.stateDir, run))
  const hosts = await openHosts(runbook, () => undefined, options.passphraseOf)
  try {
    return await killLeader(
      stepContext({
        run,
        runbook,
        hosts,
        machine: viewOf(snapshotOf(stored)).context,
        windowDeadlineMs: null,
        ...ofNoRun,
        signal: options.stopNow,
        tell: (text) => options.observer.progress(text),
        passing: () => undefined,
        sawHeight: () => undefined,
      }),
    )
  } finally {
    await closeHosts(hosts)
  }
}

/** What the run has written down so far. */
function read(seen: Seen, stateDir: string): void {
  const stored = readRun(findRun(stateDir, seen.run))
  const facts = viewOf(snapshotOf(stored)).context.facts as Partial<Facts>
  const report = reportOf(stateDir, seen.run)
  seen.records = stored.records
  if (report.gapMs !== null) seen.gapMs = report.gapMs - report.operatorWaitMs
  seen.seededBytes = Math.max(seen.seededBytes, report.bytesSeeded)
  seen.signedTwice = report.forks
  const { check } = facts
  if (check === undefined) return
  seen.standIn = check.standIn
  seen.subject = subjectOf(stored.runbook, check)
}

function returnedAfter(records: readonly JournalRecord[], budgetSeconds: number): number | null {
  const spentMs = windowDeadline(records, budgetSeconds)
  const atMs = endOfStep(records, 'seeBlock')
  return spentMs === null || atMs === null ? null : atMs - spentMs
}

function rolledBackAfter(records: readonly JournalRecord[]): number | null {
  const approved = records.findLast((record) => record.type === 'approval' && record.gate === 'rollback')
  const atMs = endOfStep(records, 'seeSingleBlock')
  return approved === undefined || atMs === null ? null : atMs - Date.parse(approved.at)
}

function endOfStep(records: readonly JournalRecord[], step: string): number | null {
  const found = records.findLast((record) => record.type === 'outcome' && record.step === step && record.ok)
  return found === undefined ? null : Date.parse(found.at)
}

function mustEnd(end: RunEnd, outcome: RunEnd['outcome'], sentence: string): void {
  if (end.outcome === outcome) return
  const why = end.failure === null ? `it ended as ${end.outcome}` : end.failure.message
  throw failed(`${sentence}: ${why} (run ${end.run})`)
}

function recordOf(on: Stage['on'], seen: readonly Seen[], failure: string | null): RehearsalRecord {
  const at = new Date(realClock.now()).toISOString()
  const [first = nothingSeen()] = seen
  const of = (value: (one: Seen) => number | null | undefined) =>
    spreadOf(seen.flatMap((one) => value(one) ?? []))
  const subject = first.subject ?? {
    binarySha256: '',
    settingsSha256: '',
    timing: '',
    nodes: 0,
    evhaVersion,
    graphHash: graphHash(),
  }
  const windows = seen.flatMap((one) => windowsIn(one.records))
  const names = [...new Set(windows.flatMap((one) => Object.keys(one) as PartName[]))]
  const parts = names.flatMap((name) => {
    const spread = spreadOf(windows.flatMap((one) => one[name] ?? []))
    return spread === null ? [] : [[name, spread] as const]
  })
  const paces = seen.flatMap((one) => replayPacesIn(one.records))
  return {
    version: 1,
    id: `rehearsal-${at.replaceAll(/[-:]|\.\d+Z/g, '')}-${randomBytes(2).toString('hex')}`,
    at,
    ok: failure === null,
    on,
    standIn: first.standIn,
    chain: first.chain,
    runbook: first.runbook,
    runs: seen.flatMap(({ run }) => (run === '' ? [] : [run])),
    subject,
    digest: subjectDigest(subject),
    parts: Object.fromEntries(parts),
    gap: of(({ gapMs }) => gapMs),
    overrun: of(({ overrunMs }) => overrunMs),
    failover: of(({ failover }) => failover?.gapMs),
    allVoting: of(({ failover }) => failover?.allVotingMs),
    rollback: of(({ rollbackMs }) => rollbackMs),
    ...(paces.length === 0 ? {} : { replayMsPerBlock: Math.round(Math.max(...paces)) }),
    seededBytes: Math.max(0, ...seen.map(({ seededBytes }) => seededBytes)),
    signedTwice: [...new Set(seen.flatMap(({ signedTwice }) => signedTwice))],
    failure,
  }
}

const failed = (message: string) =>
  new EvhaError({
    kind: 'failed',
    message,
    changedAnything: 'yes',
    retryable: true,
    hint: 'the run named there says more: evha report RUN',
  })

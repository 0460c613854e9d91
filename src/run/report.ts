import type { StepName } from '../base/names.ts'
import { readLock } from '../journal/lock.ts'
import type { JournalRecord } from '../journal/record.ts'
import { findRun } from '../journal/runs.ts'
import { advance, begin, type StateView, viewOf } from '../machine/decider.ts'
import type { Facts } from '../steps/facts.ts'
import type { ApprovalReport, Report, RunOutcome, Status, StepReport } from './api.ts'
import { lastFailure, nextCommand, outcomeOf } from './ends.ts'
import { eventOf, inputOf, readRun, type StoredRun, snapshotOf } from './rebuild.ts'
import { rehearsedIn } from './rehearsed.ts'

/** The report of a run, from its journal alone: it outlives the hosts. Without `run` the newest one. */
export function reportOf(stateDir: string, run?: string): Report {
  const stored = readRun(findRun(stateDir, run))
  const view = viewOf(snapshotOf(stored))
  const facts = view.context.facts as Partial<Facts>
  const { header, records, runbook } = stored
  const ended = records.findLast((record) => record.type === 'ended')
  const figures = figuresOf(facts, records)
  return {
    run: header.run,
    chain: header.chain,
    outcome: outcomeNow(stateDir, stored, view),
    standIn: facts.check?.standIn ?? false,
    state: view.path,
    says: view.says,
    attempt: view.context.attempt,
    startedAt: header.at,
    endedAt: ended?.at ?? null,
    ...figures,
    nodesTotal: runbook.nodes.length,
    forks: view.context.signedTwice?.heights ?? [],
    ...clientsIn(facts),
    bytesSeeded: sumOf(records, 'seedData'),
    bytesFinal: facts.finalSync?.bytes ?? 0,
    approvals: records.flatMap(approvalIn),
    rehearsal: namedRehearsal(records),
    steps: stepsIn(stored),
    leftBehind: facts.finish?.leftBehind ?? facts.tidy?.leftBehind ?? [],
    failure: lastFailure(view.context),
    next: nextCommand(view, header.run, header.chain, stateDir),
  }
}

/** Where a run stands, and what to type next. */
export function statusOf(stateDir: string, run?: string): Status {
  const stored = readRun(findRun(stateDir, run))
  const view = viewOf(snapshotOf(stored))
  const { header, files } = stored
  return {
    run: header.run,
    chain: header.chain,
    state: view.path,
    says: view.says,
    phase: view.phase,
    outcome: outcomeNow(stateDir, stored, view),
    attempt: view.context.attempt,
    running: isDriven(stateDir, stored),
    failure: lastFailure(view.context),
    next: nextCommand(view, header.run, header.chain, stateDir),
    dir: files.dir,
  }
}

/** True while a living evha process drives the run. */
export function isDriven(stateDir: string, { header }: StoredRun): boolean {
  const lock = readLock(stateDir, header.chain)
  return lock !== undefined && lock.liveness !== 'dead' && lock.owner.run === header.run
}

/** A run whose process is gone without having said how it ended was interrupted. */
function outcomeNow(stateDir: string, stored: StoredRun, view: StateView): RunOutcome {
  const last = stored.records.at(-1)
  const driven = isDriven(stateDir, stored) || last?.type === 'ended'
  if (last?.type === 'ended' && last.exitCode === 130 && !view.final)
    return outcomeOf(view, view.context.failure, false)
  return outcomeOf(view, view.context.failure, driven)
}

type Figures = Pick<
  Report,
  | 'lastOldHeight'
  | 'firstClusterHeight'
  | 'gapMs'
  | 'ownOverheadMs'
  | 'operatorWaitMs'
  | 'predictedGapMs'
  | 'nodesVoting'
  | 'hashContinuity'
>

function figuresOf(facts: Partial<Facts>, records: readonly JournalRecord[]): Figures {
  const operatorWaitMs = operatorWait(records)
  const seen = facts.soak ?? facts.verifyElection
  const gapMs = seen === undefined ? null : seen.firstBlockTimeMs - seen.lastBlockTimeMs
  return {
    lastOldHeight: facts.stopSource?.height ?? null,
    firstClusterHeight: seen?.firstClusterHeight ?? null,
    gapMs,
    ownOverheadMs: gapMs === null ? null : ownOverhead(records, facts, operatorWaitMs),
    operatorWaitMs,
    predictedGapMs: facts.weighCutover?.predictedMs ?? null,
    nodesVoting: seen?.voting.length ?? null,
    hashContinuity: seen?.hashContinuity ?? null,
  }
}

/** The facts in which a look at the execution clients may stand. */
type ClientLooks = {
  readonly [K in 'seeSingleBlock' | 'seeBlock' | 'soak' | 'verifyElection' | 'proveEqual']?: Pick<
    Facts[K],
    'clients'
  >
}

/** The last look at the execution clients, whichever step took it. */
export function clientsIn(facts: ClientLooks): Pick<Report, 'clients'> {
  const { seeSingleBlock, seeBlock, soak, verifyElection, proveEqual } = facts
  const seen = [seeSingleBlock, seeBlock, soak, verifyElection, proveEqual].find(
    (one) => one?.clients !== undefined,
  )
  if (seen?.clients === undefined) return {}
  return {
    clients: Object.entries(seen.clients).map(([node, { height, hash, why }]) => ({
      node,
      height,
      hash,
      why: why === '' ? null : why,
    })),
  }
}

/** The chain stands still while the commit gate is open: how long it stood for the operator's answer. */
function operatorWait(records: readonly JournalRecord[]): number {
  const last = records.findLast((record) => record.type === 'approval' && record.gate === 'commit')
  return last?.type === 'approval' ? last.waitedMs : 0
}

/**
 * evha's part of the gap: all but the operator's answer and what the node itself takes: last block to stop, stop to
 * exit, a warm node's start to Raft, the last start to its first block. What is left of the gap then is exit to last
 * start, without a warm node's start and the answer. Both ends are by the clock of the one workstation, so clocks of hosts
 * that differ do not count: the exit to half a round trip, the start when its answer was here. Null where one was not seen,
 * after a crash, or by another workstation.
 */
export function ownOverhead(
  records: readonly JournalRecord[],
  facts: Partial<Facts>,
  waitedMs: number,
): number | null {
  const { stopSource: stop, warmPeers: warm, startQuorum: start } = facts
  if (warm === undefined || stop?.exitHereMs === undefined || start?.startedHereMs === undefined) return null
  if (wasTakenOverBetween(records, 'stopSource', 'startQuorum')) return null
  const warmMs = Math.max(...Object.values(warm.started).map((one) => one.raftStartedAtMs - one.startedAtMs))
  return Math.round(start.startedHereMs - stop.exitHereMs - warmMs - waitedMs)
}

/** Somebody went on with the run after the last end of the one step and before that of the other. */
function wasTakenOverBetween(records: readonly JournalRecord[], first: StepName, last: StepName): boolean {
  const endOf = (step: StepName) =>
    records.findLastIndex((record) => record.type === 'outcome' && record.step === step && record.ok)
  return records.slice(endOf(first), endOf(last)).some((record) => record.type === 'resumed')
}

function namedRehearsal(records: readonly JournalRecord[]): Exclude<Report['rehearsal'], undefined> {
  const rehearsed = rehearsedIn(records)
  if (rehearsed === null || 'waivedBy' in rehearsed) return rehearsed
  return { digest: rehearsed.digest, record: rehearsed.record }
}

function sumOf(records: readonly JournalRecord[], step: StepName): number {
  return records.reduce((sum, record) => {
    if (record.type !== 'outcome' || record.step !== step || !record.ok) return sum
    return sum + ((record.output as { bytes?: number } | undefined)?.bytes ?? 0)
  }, 0)
}

function approvalIn(record: JournalRecord): ApprovalReport[] {
  if (record.type !== 'approval') return []
  return [
    { gate: record.gate as ApprovalReport['gate'], by: record.by, at: record.at, digest: record.digest },
  ]
}

/** Each intent with the outcome that followed it, in the state it was tried in. */
function stepsIn({ records, runbook }: StoredRun): StepReport[] {
  const steps: StepReport[] = []
  let snapshot = begin(inputOf(runbook))
  let intent: { at: string; view: StateView } | null = null
  for (const record of records) {
    if (record.type === 'intent') intent = { at: record.at, view: viewOf(snapshot) }
    if (record.type === 'outcome' && intent !== null) {
      steps.push({
        state: intent.view.path,
        says: intent.view.says,
        attempt: record.attempt,
        startedAt: intent.at,
        durationMs: Date.parse(record.at) - Date.parse(intent.at),
        ok: record.ok,
      })
      intent = null
    }
    for (const event of eventOf(record)) snapshot = advance(snapshot, event)
  }
  return steps
}

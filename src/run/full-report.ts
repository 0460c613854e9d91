import type { Gate } from '../base/names.ts'
import type { HeightPoint, JournalRecord } from '../journal/record.ts'
import { findRun } from '../journal/runs.ts'
import { viewOf } from '../machine/decider.ts'
import type { Facts } from '../steps/facts.ts'
import type { Report } from './api.ts'
import { commandsOf, type RanCommands } from './commands-of.ts'
import { type Evidence, type EvidenceRow, evidenceOf, evidenceOfTwice } from './evidence-of.ts'
import { readRun, type StoredRun, snapshotOf } from './rebuild.ts'
import { isDriven, reportOf } from './report.ts'

/** An approval with what was shown when it was given. */
export interface ShownApproval {
  readonly gate: Gate
  readonly by: string
  readonly at: string
  readonly waitedMs: number
  readonly digest: string
  readonly rows: readonly EvidenceRow[]
}

/** One node's heights as they were seen. */
export interface NodeHeights {
  readonly node: string
  readonly points: readonly HeightPoint[]
}

/** The window of the last attempt; epoch ms. */
export interface Window {
  /** The cutover was approved. */
  readonly openedAtMs: number
  readonly stopAtMs: number | null
  readonly lastBlockTimeMs: number | null
  readonly firstBlockTimeMs: number | null
  readonly budgetSeconds: number
}

/** Everything a report tells: the figures of `report --json`, and what they rest on. */
export interface FullReport {
  readonly report: Report
  /** False while the run can still go on. */
  readonly finished: boolean
  readonly running: boolean
  readonly evhaVersion: string
  readonly command: readonly string[]
  readonly runbookDigest: string
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly source: string
  readonly window: Window | null
  readonly heights: readonly NodeHeights[]
  readonly approvals: readonly ShownApproval[]
  readonly evidence: readonly Evidence[]
  /** Who went on with the run, and when. */
  readonly resumed: readonly { readonly at: string; readonly who: string }[]
  readonly hooks: readonly HookCall[]
  readonly ran: RanCommands
}

/** One call of a hook; `exit` is null when its end was not seen. */
export interface HookCall {
  readonly hook: string
  readonly at: string
  readonly attempt: number
  readonly exit: number | string | null
  readonly durationMs: number | null
}

/** The whole report of a run, from its journal and its log; no host is asked. Without `run` the newest one. */
export function fullReportOf(stateDir: string, run?: string): FullReport {
  const stored = readRun(findRun(stateDir, run))
  const { header, records, runbook, files } = stored
  const view = viewOf(snapshotOf(stored))
  const facts = view.context.facts as Partial<Facts>
  return {
    report: reportOf(stateDir, header.run),
    finished: view.final,
    running: isDriven(stateDir, stored),
    evhaVersion: header.evhaVersion,
    command: header.command,
    runbookDigest: header.runbookDigest,
    nodes: runbook.nodes.map(({ name, address }) => ({ name, address })),
    source: runbook.source.name,
    window: windowOf(stored, facts),
    heights: heightsOf(stored),
    approvals: records.flatMap(approvalIn),
    evidence: [
      ...rehearsalEvidence(reportOf(stateDir, header.run)),
      ...evidenceOf(facts),
      ...evidenceOfTwice(view.context.signedTwice, facts.stopWriters),
    ],
    resumed: records.flatMap((record) =>
      record.type === 'resumed' ? [{ at: record.at, who: `${record.user}@${record.host}` }] : [],
    ),
    hooks: hooksIn(records),
    ran: commandsOf(files.log),
  }
}

function rehearsalEvidence({ rehearsal }: Report): Evidence[] {
  if (rehearsal === undefined || rehearsal === null) return []
  const rows: EvidenceRow[] =
    'waivedBy' in rehearsal
      ? [['gone without one', `waived by ${rehearsal.waivedBy}`]]
      : [
          ['record', rehearsal.record],
          ['digest', rehearsal.digest],
        ]
  return [{ title: 'the rehearsal', rows }]
}

function windowOf({ records, runbook }: StoredRun, facts: Partial<Facts>): Window | null {
  const opened = records.findLast((record) => record.type === 'approval' && record.gate === 'cutover')
  if (opened === undefined) return null
  const seen = facts.soak ?? facts.verifyElection
  return {
    openedAtMs: Date.parse(opened.at),
    stopAtMs: facts.stopSource?.stopAtMs ?? null,
    lastBlockTimeMs: seen?.lastBlockTimeMs ?? null,
    firstBlockTimeMs: seen?.firstBlockTimeMs ?? null,
    budgetSeconds: runbook.window.budgetSeconds,
  }
}

/** In the order of the runbook; a node that was never asked has no points. */
function heightsOf({ records, runbook }: StoredRun): NodeHeights[] {
  const kept = records.flatMap((record) => (record.type === 'heights' ? [record.nodes] : []))
  return runbook.nodes.map(({ name }) => ({
    node: name,
    points: kept.flatMap((nodes) => nodes[name] ?? []),
  }))
}

function approvalIn(record: JournalRecord): ShownApproval[] {
  if (record.type !== 'approval') return []
  const { gate, by, at, waitedMs, digest } = record
  return [{ gate: gate as Gate, by, at, waitedMs, digest, rows: rowsIn(record.evidence) }]
}

/** Label and value, as the gate wrote them down. */
function rowsIn(evidence: unknown): EvidenceRow[] {
  if (!Array.isArray(evidence)) return []
  return evidence.flatMap((row: unknown) => {
    if (!Array.isArray(row)) return []
    const [label, value] = row as readonly unknown[]
    return [[String(label), String(value)] satisfies EvidenceRow]
  })
}

function hooksIn(records: readonly JournalRecord[]): HookCall[] {
  const calls = records.flatMap((record) => (record.type === 'hook' ? [record] : []))
  return calls
    .filter((call) => call.end === null)
    .map(({ hook, at, attempt, times }) => {
      const ended = calls.find(
        (call) => call.end !== null && call.hook === hook && call.attempt === attempt && call.times === times,
      )
      const end = ended?.end ?? null
      return { hook, at, attempt, exit: end?.exit ?? null, durationMs: end?.durationMs ?? null }
    })
}

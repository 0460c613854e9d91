import type { Failure } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import type { Finding } from '../steps/prepare/finding.ts'
import type { Approver, Observer } from './observer.ts'
import type { World } from './world.ts'

export type { Finding } from '../steps/prepare/finding.ts'

/** What every command that drives a run needs. */
export interface DriveOptions {
  readonly stateDir: string
  /** `--confirm GATE=CHAIN_ID`, parsed. */
  readonly confirms: ReadonlyMap<Gate, string>
  readonly approver: Approver
  readonly observer: Observer
  /** Asks the operator for the passphrase of a key file; absent where nobody can be asked. */
  readonly passphraseOf?: PassphraseOf
  /** What the command line says of a rehearsal; the runbook may name one too. */
  readonly rehearsal?:
    | { readonly kind: 'named'; readonly digest: string }
    | { readonly kind: 'waived'; readonly by: string }
  /** Aborts on the second Ctrl-C: stop now. */
  readonly stopNow: AbortSignal
  /** True after the first Ctrl-C: stop at the next safe point. */
  readonly stopSoon: () => boolean
  /** Hosts and time other than the real ones: a simulation's. No flag leads here. */
  readonly world?: World
}

export type RunOutcome =
  | 'migrated'
  | 'aborted'
  | 'returned'
  | 'rolledBack'
  | 'waiting'
  | 'interrupted'
  | 'failed'
  | 'needsHuman'

/** How a drive ended: the report's outcome, the exit code of design section 2, and what to type next. */
export interface RunEnd {
  readonly run: string
  readonly outcome: RunOutcome
  readonly exitCode: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130
  readonly failure: Failure | null
  /** The next command to type, when there is one. */
  readonly next: string | null
}

export interface ApprovalReport {
  readonly gate: Gate
  readonly by: string
  readonly at: string
  readonly digest: string
}

/** One step as it went, for the report's timeline. */
export interface StepReport {
  readonly state: string
  readonly says: string
  readonly attempt: number
  readonly startedAt: string
  readonly durationMs: number
  readonly ok: boolean
}

/** Where a node's execution client stood at the run's last look at it. */
export interface ClientReport {
  readonly node: string
  /** Number of its newest block. */
  readonly height: number | null
  /** Of the block it was compared by, hex with 0x. */
  readonly hash: string | null
  /** Why it does not hold the chain; null: it does. */
  readonly why: string | null
}

/** What `report --json` prints. Numbers are null until they were measured. */
export interface Report {
  readonly run: string
  readonly chain: string
  readonly outcome: RunOutcome
  /** True when the nodes were the lab's stand-ins. */
  readonly standIn: boolean
  readonly state: string
  readonly says: string
  readonly attempt: number
  readonly startedAt: string
  readonly endedAt: string | null
  readonly lastOldHeight: number | null
  readonly firstClusterHeight: number | null
  readonly gapMs: number | null
  /** Without what the node itself takes and without `operatorWaitMs`. */
  readonly ownOverheadMs: number | null
  /** The part of the gap in which the commit gate waited for an answer; 0 when it was approved ahead. */
  readonly operatorWaitMs: number
  readonly predictedGapMs: number | null
  readonly nodesVoting: number | null
  readonly nodesTotal: number
  readonly hashContinuity: boolean | null
  readonly forks: readonly number[]
  /** Absent on a chain whose nodes drive no execution client. */
  readonly clients?: readonly ClientReport[]
  readonly bytesSeeded: number
  readonly bytesFinal: number
  readonly approvals: readonly ApprovalReport[]
  /** What stood for the run on production: a rehearsal, or the name of who went without one; null on staging hosts. */
  readonly rehearsal?:
    | { readonly digest: string; readonly record: string }
    | { readonly waivedBy: string }
    | null
  readonly steps: readonly StepReport[]
  /** Sentences: what stays on the hosts. */
  readonly leftBehind: readonly string[]
  readonly failure: Failure | null
  readonly next: string | null
}

/** What `check --json` prints; `ok` is false when something blocks (exit 3). */
export interface CheckReport {
  readonly version: 1
  readonly chain: string
  readonly ok: boolean
  readonly findings: readonly Finding[]
  /** What was seen: label and value, for the operator. */
  readonly facts: readonly (readonly [label: string, value: string])[]
}

/** What `status --json` prints. */
export interface Status {
  readonly run: string
  readonly chain: string
  readonly state: string
  readonly says: string
  readonly phase: string
  readonly outcome: RunOutcome
  readonly attempt: number
  /** True while an evha process drives the run. */
  readonly running: boolean
  readonly failure: Failure | null
  readonly next: string | null
  readonly dir: string
}

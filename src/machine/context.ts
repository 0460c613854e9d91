import type { Failure } from '../base/errors.ts'
import type { Gate, StepName } from '../base/names.ts'
import type { StandingName } from './standing.ts'

/** Why a run goes back to the single sequencer. */
export type ReturnCause =
  | 'operator'
  | 'failure'
  | 'budget'
  | 'declined'
  | 'interrupted'
  | 'deadMan'
  | 'signedTwice'

/** What an approval was given for: the digest of the gate's bound fields, and the chain id that was typed. */
export interface Approval {
  readonly gate: Gate
  readonly chain: string
  /** sha256 over the bound fields the gate's evidence named. */
  readonly digest: string
  /** Who approved: `terminal` or `--confirm`. */
  readonly by: string
}

/** Heights with two different headers that the proposer signed, and what proves it. */
export interface SignedTwice {
  readonly heights: readonly number[]
  /** Sentences: which hash was seen where. */
  readonly seen: readonly string[]
  /** The headers' hashes with their signatures, plain JSON. */
  readonly proofs: readonly unknown[]
}

/** All a run remembers between two events. Plain JSON: it is rebuilt by replaying the journal. */
export interface RunContext {
  readonly chain: string
  readonly source: string
  readonly nodes: number
  /** Counts cutovers tried; a return makes the next one. */
  readonly attempt: number
  /** What each step found or did, by its name; the window's facts die with its attempt. */
  readonly facts: Readonly<Partial<Record<StepName, unknown>>>
  /** Digest of the bound fields each gate has shown last. */
  readonly evidence: Readonly<Partial<Record<Gate, string>>>
  readonly approvals: Readonly<Partial<Record<Gate, Approval>>>
  /** The last failure, until a retry or a resume clears it. */
  readonly failure: Failure | null
  readonly returnCause: ReturnCause | null
  /** What went wrong when the run turned back; outlives the steps of the way back. */
  readonly returnFailure: Failure | null
  readonly signedTwice: SignedTwice | null
  /** A rollback was approved, or every writer was stopped after the commit: members may be down already, so from then on there is only the rollback. */
  readonly rollbackBegan: boolean
}

/** What a run starts from. */
export type RunInput = Pick<RunContext, 'chain' | 'source' | 'nodes'>

export type MigrateEvent =
  /** The operator approved a gate; holds only while the digest is the one the gate shows. */
  | ({ readonly type: 'APPROVE' } & Approval)
  | { readonly type: 'DECLINE'; readonly gate: Gate }
  /** The window took longer than its budget before the point of no return. */
  | { readonly type: 'BUDGET_SPENT'; readonly failure?: Failure }
  /** The dead-man of the source has brought the single sequencer back, or is about to. */
  | { readonly type: 'DEAD_MAN'; readonly failure: Failure }
  /** The watch has found a height with two signatures. */
  | ({ readonly type: 'SIGNED_TWICE'; readonly failure: Failure } & SignedTwice)
  /** The operator wants the single sequencer back (before the point of no return). */
  | { readonly type: 'ABORT' }
  /** The operator wants the single sequencer back after the point of no return. */
  | { readonly type: 'ROLLBACK' }
  /** evha was started again on this run. Voids every approval. */
  | { readonly type: 'RESUME'; readonly windowOverran: boolean }
  /** The runner tries the state's work once more. */
  | { readonly type: 'RETRY' }
  /** After a return: seed again, with all approvals void. */
  | { readonly type: 'NEXT_ATTEMPT' }

/** The state's sentence, its phase, what stands on the hosts, and on an edge what can not be undone once it is taken. */
export interface Meta {
  readonly phase?: Phase
  readonly says?: string
  /** What runs meanwhile, and what follows when a machine is lost: by its name in standing.ts. */
  readonly standing?: StandingName
  readonly irreversible?: string
}

export type Phase = 'prepare' | 'gate' | 'window' | 'commit' | 'after' | 'abort' | 'rollback' | 'end'

export type Tag =
  /** Everything so far can be undone without loss. */
  | 'reversible'
  /** The cluster may have produced: only forward or rollback. */
  | 'irreversible'
  /** No sequencer produces while the run is here. */
  | 'chain-stopped'
  /** Waits for an approval. */
  | 'waiting'
  /** A failed try is repeated by itself, a bounded number of times. */
  | 'insist'
  /** Nobody but a human may go on. */
  | 'unsafe'

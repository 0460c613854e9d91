import type { Entry, Snapshot } from './raft-log.ts'

/** A vote is asked for; with `pre` only whether it would be given. */
export interface VoteRequest {
  readonly type: 'vote'
  readonly pre: boolean
  readonly term: number
  readonly candidate: string
  readonly address: string
  readonly lastIndex: number
  readonly lastTerm: number
  /** The leader itself handed over, so a voter's leader is no reason to refuse. */
  readonly transfer: boolean
}

export interface VoteReply {
  readonly term: number
  readonly granted: boolean
}

/** Entries from the leader, or a heartbeat: then without entries and without a place in the log. */
export interface AppendRequest {
  readonly type: 'append'
  readonly heartbeat: boolean
  readonly term: number
  readonly leader: string
  readonly address: string
  readonly prevIndex: number
  readonly prevTerm: number
  readonly entries: readonly Entry[]
  readonly commit: number
}

export interface AppendReply {
  readonly term: number
  readonly ok: boolean
  readonly lastIndex: number
}

/** What the leader's log no longer holds. */
export interface SnapshotRequest {
  readonly type: 'snapshot'
  readonly term: number
  readonly leader: string
  readonly address: string
  readonly snapshot: Snapshot
}

/** The leader hands over: campaign at once. */
export interface TimeoutNowRequest {
  readonly type: 'timeoutNow'
  readonly term: number
}

export type RaftRequest = VoteRequest | AppendRequest | SnapshotRequest | TimeoutNowRequest

import type { Voter } from './membership.ts'

const backoffMs = 10
/** The Raft library doubles the wait before it sends entries again up to 2^10 times: a late joiner may wait 10 s. */
const sendDoublingsMax = 10
const toldEveryMs = 1_000

/** What a leader knows of one other member. Times are those of the leader's clock. */
export class Replica {
  readonly voter: Voter
  nextIndex: number
  matchIndex = 0
  /** Commit index the member has been told of. */
  knownCommit = 0
  contactMs: number
  beatDueMs = 0
  beatsOnTheWay = 0
  sendDueMs = 0
  sending = false
  pipelining = false
  #beatFailures = 0
  #sendFailures = 0
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(voter: Voter, nextIndex: number, nowMs: number) {
    this.voter = voter
    this.nextIndex = nextIndex
    this.contactMs = nowMs
  }

  heardBeat(nowMs: number): void {
    this.contactMs = nowMs
    this.#beatFailures = 0
  }

  /** Returns how long the next heartbeat waits; at most `maxMs`. */
  missedBeat(nowMs: number, maxMs: number): number {
    const waitMs = Math.min(maxMs, backoffMs * 2 ** Math.min(this.#beatFailures, 10))
    this.#beatFailures += 1
    this.beatDueMs = nowMs + waitMs
    return waitMs
  }

  sent(): void {
    this.#sendFailures = 0
  }

  failed(nowMs: number, speed: number): void {
    const waitMs = backoffMs * 2 ** Math.min(this.#sendFailures, sendDoublingsMax)
    this.#sendFailures += 1
    this.sendDueMs = nowMs + waitMs / speed
    this.pipelining = false
  }

  /** True at most once a second: a silent member is not worth more lines. */
  toBeToldOf(nowMs: number): boolean {
    if (nowMs - this.#toldMs < toldEveryMs) return false
    this.#toldMs = nowMs
    return true
  }
}

import type { Logger } from '../logger.ts'
import { quorumOf, shown, type Voter } from './membership.ts'
import type { AppendReply, AppendRequest, RaftRequest } from './messages.ts'
import type { EntryContent, RaftLog } from './raft-log.ts'
import type { RaftTiming } from './raft-settings.ts'
import { Replica } from './replica.ts'
import type { SteadyClock } from './steady-clock.ts'

/** What a leader needs of its node. */
export interface LeaderContext {
  readonly self: Voter
  readonly voters: readonly Voter[]
  readonly term: number
  readonly log: RaftLog
  readonly clock: SteadyClock
  readonly timing: RaftTiming
  readonly speed: number
  readonly logger: Logger
  readonly ask: (address: string, request: RaftRequest, timeoutMs: number) => Promise<Record<string, unknown>>
  readonly commitIndex: () => number
  /** A quorum has everything up to this index. */
  readonly commit: (index: number) => void
  /** Another term was seen, or the quorum is lost. */
  readonly stepDown: (term: number) => void
}

const entriesPerRequest = 64
/** Heartbeats in a heartbeat timeout, as the Raft library sends them. */
const beatsPerTimeout = 10
const beatsOnTheWayMax = 3

/** One term of leading: heartbeats, replication, lease. */
export class Leadership {
  readonly #context: LeaderContext
  readonly #replicas: readonly Replica[]
  readonly #beatMs: number
  /** Who waits for a quorum's answer. */
  readonly #verifying = new Set<() => void>()
  #ended = false

  constructor(context: LeaderContext) {
    this.#context = context
    const { voters, self, log, clock, timing } = context
    this.#beatMs = Math.max(10, timing.heartbeatMs / beatsPerTimeout)
    this.#replicas = voters
      .filter(({ id }) => id !== self.id)
      .map((voter) => new Replica(voter, log.lastIndex + 1, clock.nowMs))
    for (const { voter } of this.#replicas)
      context.logger.raft('INFO', `added peer, starting replication: peer=${voter.id}`)
  }

  /** Appends to the own log and tells the others; the entry is committed when `commit` is called. */
  append(content: EntryContent): number {
    const { log, term } = this.#context
    const index = log.lastIndex + 1
    log.append({ index, term, ...content })
    for (const replica of this.#replicas) this.#replicate(replica)
    this.#countCommit()
    return index
  }

  /** Called once a tick: heartbeats that are due, replication that waited, the lease. */
  tick(): void {
    const { clock } = this.#context
    for (const replica of this.#replicas) {
      if (clock.nowMs >= replica.beatDueMs && replica.beatsOnTheWay < beatsOnTheWayMax)
        this.#beat(replica).catch(() => {})
      this.#replicate(replica)
    }
    this.#checkLease()
  }

  /** Resolves once a quorum has answered to this leader after now. Rejects when it does not in time, and once the term is over. */
  async verify(): Promise<void> {
    const { voters, timing } = this.#context
    const needed = quorumOf(voters) - 1
    let heard = 0
    let noQuorum = () => {}
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        noQuorum = () => reject(new Error('raft cluster does not have quorum'))
        if (this.#ended) return noQuorum()
        if (needed === 0) return resolve()
        this.#verifying.add(noQuorum)
        timer = setTimeout(noQuorum, timing.electionMs)
        for (const replica of this.#replicas)
          this.#beat(replica).then(
            () => {
              heard += 1
              if (heard >= needed) resolve()
            },
            () => {},
          )
      })
    } finally {
      clearTimeout(timer)
      this.#verifying.delete(noQuorum)
    }
    if (this.#ended) throw new Error('raft cluster does not have quorum')
  }

  /** Hands over to the member that has most. False when nobody takes it. */
  async transfer(): Promise<boolean> {
    const { log, term, timing, ask } = this.#context
    const best = [...this.#replicas].sort((a, b) => b.matchIndex - a.matchIndex)[0]
    if (best === undefined || best.matchIndex < log.lastIndex) return false
    try {
      await ask(best.voter.address, { type: 'timeoutNow', term }, timing.electionMs)
      return true
    } catch {
      return false
    }
  }

  end(): void {
    this.#ended = true
    for (const noQuorum of this.#verifying) noQuorum()
  }

  async #beat(replica: Replica): Promise<void> {
    const { term, self, clock, timing, ask, logger } = this.#context
    const { voter } = replica
    const beat: AppendRequest = {
      type: 'append',
      heartbeat: true,
      term,
      leader: self.id,
      address: self.address,
      prevIndex: 0,
      prevTerm: 0,
      entries: [],
      commit: 0,
    }
    replica.beatDueMs = clock.nowMs + this.#beatMs
    replica.beatsOnTheWay += 1
    try {
      const reply = (await ask(voter.address, beat, timing.electionMs)) as unknown as AppendReply
      if (this.#ended) throw new Error('no longer leader')
      if (reply.term > term) return this.#context.stepDown(reply.term)
      replica.heardBeat(clock.nowMs)
    } catch (thrown) {
      if (this.#ended) throw thrown
      const backoffMs = replica.missedBeat(clock.nowMs, timing.heartbeatMs / 2)
      logger.raft(
        'ERROR',
        `failed to heartbeat to: peer=${voter.address} backoff time=${Math.round(backoffMs)}ms error="${textOf(thrown)}"`,
      )
      throw thrown
    } finally {
      replica.beatsOnTheWay -= 1
    }
  }

  /** Sends what a member lacks, one request at a time; also the commit index, so that it is learned at once. */
  #replicate(replica: Replica): void {
    const { log, clock, commitIndex } = this.#context
    const behind =
      replica.nextIndex <= log.lastIndex || replica.knownCommit < Math.min(commitIndex(), replica.matchIndex)
    if (this.#ended || replica.sending || !behind || clock.nowMs < replica.sendDueMs) return
    replica.sending = true
    this.#send(replica).then(
      () => {
        replica.sending = false
        replica.sent()
        this.#replicate(replica)
      },
      (thrown: unknown) => {
        replica.sending = false
        if (this.#ended) return
        replica.failed(clock.nowMs, this.#context.speed)
        this.#context.logger.raft(
          'ERROR',
          `failed to appendEntries to: peer="${shown(replica.voter)}" error="${textOf(thrown)}"`,
        )
      },
    )
  }

  async #send(replica: Replica): Promise<void> {
    const { log, term, self, timing, ask, commitIndex, clock, logger } = this.#context
    const prevIndex = replica.nextIndex - 1
    const prevTerm = log.termAt(prevIndex)
    if (prevTerm === undefined) return this.#sendSnapshot(replica)
    const entries = log.from(replica.nextIndex, entriesPerRequest)
    const commit = commitIndex()
    const request: AppendRequest = {
      type: 'append',
      heartbeat: false,
      term,
      leader: self.id,
      address: self.address,
      prevIndex,
      prevTerm,
      entries,
      commit,
    }
    const reply = (await ask(replica.voter.address, request, 2 * timing.electionMs)) as unknown as AppendReply
    if (this.#ended) return
    if (reply.term > term) return this.#context.stepDown(reply.term)
    replica.contactMs = clock.nowMs
    if (!reply.ok) {
      replica.nextIndex = Math.max(1, Math.min(prevIndex, reply.lastIndex + 1))
      logger.raft(
        'WARN',
        `appendEntries rejected, sending older logs: peer="${shown(replica.voter)}" next=${replica.nextIndex}`,
      )
      return
    }
    if (!replica.pipelining) {
      replica.pipelining = true
      logger.raft('INFO', `pipelining replication: peer="${shown(replica.voter)}"`)
    }
    replica.matchIndex = prevIndex + entries.length
    replica.nextIndex = replica.matchIndex + 1
    replica.knownCommit = Math.min(commit, replica.matchIndex)
    this.#countCommit()
  }

  async #sendSnapshot(replica: Replica): Promise<void> {
    const { log, term, self, timing, ask, stepDown } = this.#context
    const { snapshot } = log
    const request = { type: 'snapshot', term, leader: self.id, address: self.address, snapshot } as const
    const reply = (await ask(replica.voter.address, request, 2 * timing.electionMs)) as unknown as AppendReply
    if (this.#ended) return
    if (reply.term > term) return stepDown(reply.term)
    replica.matchIndex = snapshot.index
    replica.nextIndex = snapshot.index + 1
  }

  /** An index is committed once a quorum has it and it is of this term; what lies before it goes with it. */
  #countCommit(): void {
    const { log, voters, term, commit, commitIndex } = this.#context
    if (this.#ended) return
    const matches = [log.lastIndex, ...this.#replicas.map(({ matchIndex }) => matchIndex)].sort(
      (a, b) => b - a,
    )
    const index = matches[quorumOf(voters) - 1] ?? 0
    if (index <= commitIndex() || log.termAt(index) !== term) return
    commit(index)
    for (const replica of this.#replicas) this.#replicate(replica)
  }

  #checkLease(): void {
    const { voters, timing, clock, logger, stepDown, term } = this.#context
    let inContact = 1
    for (const replica of this.#replicas) {
      const silentMs = clock.nowMs - replica.contactMs
      if (silentMs <= timing.leaseMs) inContact += 1
      else if (replica.toBeToldOf(clock.nowMs))
        logger.raft('WARN', `failed to contact: server-id=${replica.voter.id} time=${silentMs.toFixed(3)}ms`)
    }
    if (inContact >= quorumOf(voters)) return
    logger.raft('WARN', 'failed to contact quorum of nodes, stepping down')
    stepDown(term)
  }
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

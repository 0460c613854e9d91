import { judgeCandidate } from './ballot.ts'
import { Campaign } from './campaign.ts'
import { ElectionTimer } from './election-timer.ts'
import { Leadership } from './leadership.ts'
import { initialConfiguration, startingElection, type Voter } from './membership.ts'
import type {
  AppendReply,
  AppendRequest,
  RaftRequest,
  SnapshotRequest,
  VoteReply,
  VoteRequest,
} from './messages.ts'
import type { RaftEvents, RaftOptions } from './raft-events.ts'
import type { EntryContent } from './raft-log.ts'
import { StateMachine } from './state-machine.ts'
import { RaftTransport } from './transport.ts'

type Role = 'follower' | 'candidate' | 'leader'

/**
 * A member of a small, honest Raft: pre-vote, persisted term, vote and log, a quorum for each entry, a leader lease.
 * Votes look at this log alone, never at the chain's store: that is the hazard of a fresh cluster (evnode.md B 2).
 */
export class RaftNode {
  readonly #options: RaftOptions
  readonly #events: RaftEvents
  readonly #transport: RaftTransport
  readonly #timer: ElectionTimer
  #role: Role = 'follower'
  #leader: { id: string; address: string } = { id: '', address: '' }
  #leadership: Leadership | undefined
  readonly #state: StateMachine
  #closed = false

  constructor(options: RaftOptions, events: RaftEvents) {
    this.#options = options
    this.#events = events
    this.#timer = new ElectionTimer(options.timing.leaseMs)
    this.#state = new StateMachine({
      ...options,
      onCommitted: events.onCommitted.bind(events),
      onSnapshot: events.onSnapshot.bind(events),
    })
    this.#transport = new RaftTransport(options.self.address, options.isolated, (request) => ({
      ...this.#answer(request),
    }))
  }

  get isLeader(): boolean {
    return this.#role === 'leader'
  }

  get leaderId(): string {
    return this.#leader.id
  }

  get #log() {
    return this.#options.dir.log
  }

  get #stable() {
    return this.#options.dir.stable
  }

  get #voters(): readonly Voter[] {
    return this.#log.configuration.voters
  }

  /** Opens the listener: from here others reach this node, whether it has a membership or not (evnode.md A3). Throws NodeFailure. */
  async open(): Promise<void> {
    const { self, logger } = this.#options
    await this.#transport.listen()
    const { index, voters } = this.#log.configuration
    logger.of('raft-hashicorp').raft('INFO', initialConfiguration(index, voters))
    logger.info('initialized raft node', { node_id: self.id, addr: self.address, bootstrap: false })
    this.#state.open()
    this.#becomeFollower()
    this.#timer.start(() => this.#tick())
  }

  /** Takes part: from the directory's membership, or with `members` where it has none. Throws NodeFailure. */
  start(members: () => readonly Voter[]): void {
    const raftNode = this.#options.logger.of('raft-node')
    if (this.#log.configuration.voters.length > 0) {
      raftNode.info('raft node started with existing local state')
      return
    }
    const voters = members()
    raftNode.info('Bootstrap raft cluster')
    // Contacted before: a term is on the disk, a membership is not, now and at each start to come (evnode.md A3).
    if (this.#options.dir.hasState)
      throw startingElection('bootstrap cluster: bootstrap only works on new clusters')
    this.#stable.set(1, '')
    this.#log.append({ index: 1, term: 1, kind: 'configuration', voters })
    raftNode.info('bootstrapped raft cluster')
  }

  /** Replicates an entry; resolves when a quorum has it, rejects when this node stops leading first. */
  propose(content: EntryContent): Promise<void> {
    const leadership = this.#leadership
    if (leadership === undefined) return Promise.reject(new Error('node is not the leader'))
    const applied = this.#state.applied(this.#log.lastIndex + 1)
    leadership.append(content)
    return applied
  }

  /** Resolves when a quorum still takes this node for its leader. */
  verifyLeader(): Promise<void> {
    return this.#leadership?.verify() ?? Promise.reject(new Error('raft cluster does not have quorum'))
  }

  /** True once everything in the log is applied; false when that takes longer. */
  async landed(timeoutMs: number): Promise<boolean> {
    const index = this.#log.lastIndex
    const untilMs = performance.now() + timeoutMs
    while (this.#state.appliedIndex < index && performance.now() < untilMs && !this.#closed)
      await new Promise((resolve) => setTimeout(resolve, 5))
    return this.#state.appliedIndex >= index
  }

  /** Hands the leadership to a member that has everything, and waits until it is gone; at most so long. */
  async resign(timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs
    let handedOver = false
    while (this.isLeader && performance.now() < untilMs) {
      handedOver = handedOver || (await (this.#leadership?.transfer() ?? false))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer.stop()
    this.#leadership?.end()
    this.#transport.close()
    this.#state.giveUp()
    this.#options.dir.close()
  }

  #tick(): void {
    if (this.#role === 'leader') {
      this.#leadership?.tick()
      return
    }
    if (!this.#timer.isOver) return
    const { logger, self } = this.#options
    const raft = logger.of('raft-hashicorp')
    if (!this.#voters.some(({ id }) => id === self.id)) {
      this.#timer.restart(this.#options.timing.heartbeatMs)
      return
    }
    if (this.#role === 'follower') {
      const { id, address } = this.#leader
      raft.raft(
        'WARN',
        `heartbeat timeout reached, starting election: last-leader-addr=${address} last-leader-id=${id}`,
      )
      this.#setLeader('', '')
    } else raft.raft('WARN', 'Election timeout reached, restarting election')
    this.#campaign(false)
  }

  #campaign(transfer: boolean): void {
    this.#role = 'candidate'
    this.#timer.restart(this.#options.timing.electionMs)
    const { self, timing, logger } = this.#options
    const campaign = new Campaign({
      self,
      voters: this.#voters,
      lastIndex: this.#log.lastIndex,
      lastTerm: this.#log.lastTerm,
      transfer,
      timeoutMs: timing.electionMs,
      logger: logger.of('raft-hashicorp'),
      ask: (address, request, timeoutMs) => this.#transport.ask(address, request, timeoutMs),
      stillOn: (term) => !this.#closed && this.#role === 'candidate' && this.#stable.term <= term,
      voteForSelf: (term) => this.#stable.set(term, self.id),
      sawTerm: (term) => this.#sawTerm(term),
    })
    campaign.run(this.#stable.term + 1).then(
      (term) => {
        if (term !== undefined && this.#role === 'candidate' && this.#stable.term === term) this.#lead(term)
      },
      () => {},
    )
  }

  #lead(term: number): void {
    const { self, timing, logger, speed } = this.#options
    const raft = logger.of('raft-hashicorp')
    this.#role = 'leader'
    this.#leader = self
    raft.raft('INFO', `entering leader state: leader="Node at ${self.address} [Leader]"`)
    this.#leadership = new Leadership({
      self,
      voters: this.#voters,
      term,
      log: this.#log,
      clock: this.#timer.clock,
      timing,
      speed,
      logger: raft,
      ask: (address, request, timeoutMs) => this.#transport.ask(address, request, timeoutMs),
      commitIndex: () => this.#state.commitIndex,
      commit: (index) => this.#state.commitTo(index),
      stepDown: (seen) => this.#stepDown(seen),
    })
    logger.info('Raft leader changed notification')
    this.#leadership.append({ kind: 'noop' })
    this.#events.onLeading(true)
  }

  #sawTerm(term: number): void {
    if (term > this.#stable.term) this.#stepDown(term)
  }

  /** Back to follower, in the term that was seen. */
  #stepDown(term: number): void {
    const led = this.#role === 'leader'
    if (term > this.#stable.term) this.#stable.set(term, '')
    this.#leadership?.end()
    this.#leadership = undefined
    const wasFollower = this.#role === 'follower'
    this.#role = 'follower'
    if (led) this.#setLeader('', '')
    if (!wasFollower) this.#becomeFollower()
    if (!led) return
    this.#state.giveUp()
    this.#events.onLeading(false)
  }

  #becomeFollower(): void {
    const { self, timing, logger } = this.#options
    const { id, address } = this.#leader
    this.#timer.restart(timing.heartbeatMs)
    logger
      .of('raft-hashicorp')
      .raft(
        'INFO',
        `entering follower state: follower="Node at ${self.address} [Follower]" leader-address=${address} leader-id=${id}`,
      )
  }

  #setLeader(id: string, address: string): void {
    if (this.#leader.id !== id) this.#leader = { id, address }
  }

  #answer(request: RaftRequest): VoteReply | AppendReply {
    const refused = { term: this.#stable.term, ok: false, lastIndex: this.#log.lastIndex }
    if (this.#closed) return refused
    switch (request.type) {
      case 'vote':
        return { granted: this.#grants(request), term: this.#stable.term }
      case 'append':
        return this.#takeEntries(request)
      case 'snapshot':
        return this.#takeSnapshot(request)
      case 'timeoutNow':
        if (request.term < this.#stable.term) return refused
        this.#setLeader('', '')
        this.#campaign(true)
        return { ...refused, ok: true }
    }
  }

  #grants(request: VoteRequest): boolean {
    const { pre, term, candidate, address } = request
    const { log } = this.#options.dir
    const { id: leader, address: leaderAddress } = this.#leader
    const { term: ownTerm, votedFor } = this.#stable
    const { lastIndex, lastTerm } = log
    const own = { term: ownTerm, votedFor, lastIndex, lastTerm, leader, voters: this.#voters }
    const vote = judgeCandidate(request, own)
    if (vote === 'hasLeader') {
      const what = pre ? 'pre-vote' : 'vote'
      this.#options.logger
        .of('raft-hashicorp')
        .raft(
          'WARN',
          `rejecting ${what} request since we have a leader: from=${address} leader=${leaderAddress} leader-id=${leader}`,
        )
      return false
    }
    // A newer term counts even where its candidate does not get the vote.
    if (!pre) this.#sawTerm(term)
    if (vote !== 'granted' || pre) return vote === 'granted'
    this.#stable.set(term, candidate)
    this.#timer.restart(this.#options.timing.heartbeatMs)
    return true
  }

  /** What every message of a leader does: its term counts, and the wait for it begins anew. False for an old leader. */
  #hearLeader(term: number, leader: string, address: string): boolean {
    if (term < this.#stable.term) return false
    if (term > this.#stable.term || this.#role !== 'follower') this.#stepDown(term)
    this.#setLeader(leader, address)
    this.#timer.restart(this.#options.timing.heartbeatMs)
    return true
  }

  #takeEntries(request: AppendRequest): AppendReply {
    const { term, leader, address, heartbeat, prevIndex, prevTerm, entries, commit } = request
    const log = this.#log
    const reply = (ok: boolean) => ({ term: this.#stable.term, ok, lastIndex: log.lastIndex })
    // Who led until now may have ended with this very message: then it takes nothing of it.
    if (!this.#hearLeader(term, leader, address) || this.#closed) return reply(false)
    if (heartbeat) return reply(true)
    if (!log.accept(prevIndex, prevTerm, entries)) return reply(false)
    this.#state.commitTo(Math.min(commit, prevIndex + entries.length))
    return reply(true)
  }

  #takeSnapshot({ term, leader, address, snapshot }: SnapshotRequest): AppendReply {
    const ok = this.#hearLeader(term, leader, address) && !this.#closed
    if (ok) this.#state.install(snapshot)
    return { term: this.#stable.term, ok, lastIndex: this.#log.lastIndex }
  }
}

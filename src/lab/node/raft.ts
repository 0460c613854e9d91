import type { Server } from 'node:net'
import type { RaftConfig } from '../../evnode/config.ts'
import type { Logger } from './logger.ts'
import { LoopLag } from './loop-lag.ts'
import type { Entry, RaftStorage, Voter } from './raft-storage.ts'
import {
  type AppendRequest,
  Peer,
  type PeerReply,
  type PeerRequest,
  serveRaft,
  type VoteRequest,
} from './raft-transport.ts'
import type { StoredBlock } from './store.ts'

export type Role = 'follower' | 'candidate' | 'leader'

/** What the node above hears of. */
export interface RaftEvents {
  /** A leader is known; on another node, or on this one. */
  following(leader: string): void
  leading(): void
  /** Leadership is gone: the process must end. */
  leadershipLost(): void
  committed(entry: Entry): void
  /** Blocks for a member that lags. */
  blocks(height: number, count: number): readonly StoredBlock[]
}

/** Entries that travel in one request. */
const batchEntries = 64
/** Heartbeats in one heartbeat timeout. */
const beats = 5
/** Followers of a lab answer late because the machine is busy, not because they are gone. */
const leaseFactor = 4

/**
 * A small honest Raft: pre-vote, votes that look only at the Raft log, replication to a quorum, a leader lease. The
 * block store has no say in who leads: that is the hazard of a fresh cluster (evnode.md B 2).
 */
export class Raft {
  role: Role = 'follower'
  leader = ''
  commitIndex = 0
  readonly #self: Voter
  readonly #storage: RaftStorage
  readonly #config: RaftConfig
  readonly #events: RaftEvents
  readonly #log: Logger
  readonly #lag = new LoopLag()
  readonly #peers = new Map<string, Peer>()
  readonly #nextIndex = new Map<string, number>()
  readonly #matchIndex = new Map<string, number>()
  readonly #contactMs = new Map<string, number>()
  readonly #busy = new Set<string>()
  readonly #commitWaits: { index: number; resolve: (done: boolean) => void }[] = []
  #server: Server | undefined
  #electionAtMs = 0
  #heardMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(self: Voter, storage: RaftStorage, config: RaftConfig, events: RaftEvents, log: Logger) {
    this.#self = self
    this.#storage = storage
    this.#config = config
    this.#events = events
    this.#log = log
  }

  /** Opens the transport: from here other members can reach this one, bootstrapped or not (evnode.md A3). */
  async listen(): Promise<void> {
    this.#server = await serveRaft(this.#self.address, (request) => this.#answer(request))
  }

  /** Takes part in elections. */
  run(): void {
    for (const voter of this.#storage.voters)
      if (voter.id !== this.#self.id) this.#peers.set(voter.id, new Peer(voter.id, voter.address))
    this.#resetElection(this.#config.heartbeatMs)
    this.#timer = setInterval(() => this.#tick(), Math.max(10, this.#config.heartbeatMs / beats))
  }

  /** Replicates a block; true when a quorum has it. */
  async propose(block: StoredBlock): Promise<boolean> {
    if (this.role !== 'leader') return false
    const index = this.#appendOwn(block)
    return new Promise((resolve) => this.#commitWaits.push({ index, resolve }))
  }

  /** Blocks from the leader, as P2P gives them. */
  async fetch(height: number, count: number): Promise<readonly StoredBlock[]> {
    const reply = await this.#peers
      .get(this.leader)
      ?.ask({ type: 'fetch', from: this.#self.id, height, count }, 1_000)
    return reply?.blocks ?? []
  }

  /** Hands the leadership over before a stop, to the member that has most. */
  async resign(): Promise<void> {
    if (this.role !== 'leader') return
    const [best] = [...this.#matchIndex].sort(([, a], [, b]) => b - a)
    const peer = best === undefined ? undefined : this.#peers.get(best[0])
    await peer?.ask({ type: 'takeOver', from: this.#self.id, term: this.#storage.term }, 300)
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#server?.close()
    for (const peer of this.#peers.values()) peer.close()
    for (const wait of this.#commitWaits.splice(0)) wait.resolve(false)
  }

  get #quorum(): number {
    return Math.floor(this.#storage.voters.length / 2) + 1
  }

  #tick(): void {
    if (this.#stopped) return
    if (this.role === 'leader') {
      this.#checkLease()
      for (const peer of this.#peers.values()) void this.#replicate(peer)
      return
    }
    if (performance.now() < this.#electionAtMs + this.#lag.ms) return
    this.#log.raft(
      this.role === 'follower'
        ? `[WARN]  raft: heartbeat timeout reached, starting election: last-leader-addr= last-leader-id=${this.leader}`
        : '[WARN]  raft: Election timeout reached, restarting election',
    )
    void this.#campaign(false)
  }

  async #campaign(transfer: boolean): Promise<void> {
    this.role = 'candidate'
    this.#resetElection(this.#config.electionMs)
    const term = this.#storage.term + 1
    this.#log.raft(
      `[INFO]  raft: entering candidate state: node="Node at ${this.#self.address} [Candidate]" term=${term}`,
    )
    if (!transfer && (await this.#gather(term, true, false)) < this.#quorum) {
      this.#log.raft(
        `[INFO]  raft: pre-vote campaign failed, waiting for election timeout: term=${term} votesNeeded=${this.#quorum}`,
      )
      return
    }
    if (this.role !== 'candidate' || this.#storage.term >= term || this.#stopped) return
    this.#storage.setTerm(term, this.#self.id)
    const tally = await this.#gather(term, false, transfer)
    if (this.role !== 'candidate' || this.#storage.term !== term || tally < this.#quorum || this.#stopped)
      return
    this.#log.raft(`[INFO]  raft: election won: term=${term} tally=${tally}`)
    this.#lead()
  }

  /** Votes for this node, its own among them. */
  async #gather(term: number, pre: boolean, transfer: boolean): Promise<number> {
    const request: VoteRequest = {
      type: 'vote',
      pre,
      transfer,
      term,
      from: this.#self.id,
      lastIndex: this.#storage.lastIndex,
      lastTerm: this.#storage.lastTerm,
    }
    let votes = 1
    await new Promise<void>((resolve) => {
      let open = this.#peers.size
      if (open === 0) resolve()
      for (const peer of this.#peers.values())
        void peer.ask(request, this.#config.electionMs).then((reply) => {
          if (reply?.ok === true) votes += 1
          open -= 1
          if (open === 0 || votes >= this.#quorum) resolve()
        })
    })
    return votes
  }

  #lead(): void {
    this.role = 'leader'
    this.leader = this.#self.id
    this.#log.raft(`[INFO]  raft: entering leader state: leader="Node at ${this.#self.address} [Leader]"`)
    const now = performance.now()
    for (const id of this.#peers.keys()) {
      this.#nextIndex.set(id, this.#storage.lastIndex + 1)
      this.#matchIndex.set(id, 0)
      this.#contactMs.set(id, now)
    }
    this.#appendOwn(undefined)
    this.#events.leading()
  }

  #appendOwn(block: StoredBlock | undefined): number {
    const index = this.#storage.lastIndex + 1
    this.#storage.append({ index, term: this.#storage.term, ...(block === undefined ? {} : { block }) })
    this.#advanceCommit()
    for (const peer of this.#peers.values()) void this.#replicate(peer)
    return index
  }

  async #replicate(peer: Peer): Promise<void> {
    if (this.#busy.has(peer.id) || this.role !== 'leader' || this.#stopped) return
    this.#busy.add(peer.id)
    const next = this.#nextIndex.get(peer.id) ?? 1
    const entries = this.#storage.from(next, batchEntries)
    const request: AppendRequest = {
      type: 'append',
      term: this.#storage.term,
      from: this.#self.id,
      prevIndex: next - 1,
      prevTerm: this.#storage.entry(next - 1)?.term ?? 0,
      entries,
      commit: this.commitIndex,
    }
    const reply = await peer.ask(request, Math.max(this.#config.sendMs, 500))
    this.#busy.delete(peer.id)
    if (reply === null || this.role !== 'leader') return
    if (reply.term > this.#storage.term) return this.#stepDown(reply.term)
    this.#contactMs.set(peer.id, performance.now())
    if (!reply.ok) {
      this.#nextIndex.set(peer.id, Math.max(1, Math.min(next - 1, reply.lastIndex + 1)))
      return this.#replicate(peer)
    }
    const match = next - 1 + entries.length
    this.#matchIndex.set(peer.id, match)
    this.#nextIndex.set(peer.id, match + 1)
    this.#advanceCommit()
    if (match < this.#storage.lastIndex) return this.#replicate(peer)
  }

  #advanceCommit(): void {
    const matches = [this.#storage.lastIndex, ...this.#matchIndex.values()].sort((a, b) => b - a)
    const majority = matches[this.#quorum - 1] ?? 0
    // Only an entry of the own term may be counted; what lies before it is committed with it.
    if (this.#storage.entry(majority)?.term === this.#storage.term) this.#commitTo(majority)
  }

  #commitTo(index: number): void {
    const upTo = Math.min(index, this.#storage.lastIndex)
    while (this.commitIndex < upTo) {
      this.commitIndex += 1
      const entry = this.#storage.entry(this.commitIndex)
      if (entry !== undefined) this.#events.committed(entry)
    }
    for (const wait of this.#commitWaits.filter(({ index: at }) => at <= this.commitIndex)) {
      this.#commitWaits.splice(this.#commitWaits.indexOf(wait), 1)
      wait.resolve(true)
    }
  }

  #checkLease(): void {
    const leaseMs = this.#config.leaseMs * leaseFactor + this.#lag.ms
    const now = performance.now()
    const reached = [...this.#contactMs.values()].filter((at) => now - at < leaseMs).length + 1
    if (reached >= this.#quorum) return
    this.#log.raft('[WARN]  raft: failed to contact quorum of nodes, stepping down')
    this.#stepDown(this.#storage.term)
  }

  #stepDown(term: number): void {
    const led = this.role === 'leader'
    this.role = 'follower'
    if (term > this.#storage.term) this.#storage.setTerm(term)
    this.#resetElection(this.#config.heartbeatMs)
    if (led && !this.#stopped) this.#events.leadershipLost()
  }

  #resetElection(baseMs: number): void {
    this.#electionAtMs = performance.now() + baseMs * (1 + Math.random())
  }

  #answer(request: PeerRequest): PeerReply {
    const reply = (ok: boolean): PeerReply => ({
      term: this.#storage.term,
      ok,
      lastIndex: this.#storage.lastIndex,
    })
    if (this.#stopped) return reply(false)
    switch (request.type) {
      case 'vote':
        return reply(this.#grants(request))
      case 'append':
        return reply(this.#accepts(request))
      case 'fetch':
        return { ...reply(true), blocks: this.#events.blocks(request.height, request.count) }
      case 'takeOver':
        void this.#campaign(true)
        return reply(true)
    }
  }

  #grants({ pre, transfer, term, from, lastIndex, lastTerm }: VoteRequest): boolean {
    const storage = this.#storage
    if (this.role === 'leader' && !transfer) return false
    const ledLately = performance.now() - this.#heardMs < this.#config.heartbeatMs + this.#lag.ms
    if (ledLately && !transfer && this.leader !== from) return false
    if (term < storage.term || (pre && term <= storage.term && storage.votedFor !== from)) return false
    const upToDate =
      lastTerm > storage.lastTerm || (lastTerm === storage.lastTerm && lastIndex >= storage.lastIndex)
    if (pre) return upToDate
    if (term > storage.term) this.#stepDownFor(term)
    if (!upToDate || (storage.votedFor !== '' && storage.votedFor !== from)) return false
    storage.setTerm(term, from)
    this.#resetElection(this.#config.heartbeatMs)
    return true
  }

  #stepDownFor(term: number): void {
    if (this.role === 'leader') this.#stepDown(term)
    else {
      this.role = 'follower'
      this.#storage.setTerm(term)
    }
  }

  #accepts({ term, from, prevIndex, prevTerm, entries, commit }: AppendRequest): boolean {
    const storage = this.#storage
    if (term < storage.term) return false
    if (term > storage.term) this.#stepDownFor(term)
    this.role = 'follower'
    this.#heardMs = performance.now()
    this.#resetElection(this.#config.heartbeatMs)
    // A node that was contacted before its bootstrap has a term but no membership (evnode.md A3).
    if (storage.voters.length === 0) return false
    if (this.leader !== from) {
      this.leader = from
      this.#events.following(from)
    }
    if (prevIndex > 0 && storage.entry(prevIndex)?.term !== prevTerm) return false
    for (const entry of entries) {
      const mine = storage.entry(entry.index)
      if (mine?.term === entry.term) continue
      if (mine !== undefined) storage.cutFrom(entry.index)
      storage.append(entry)
    }
    this.#commitTo(commit)
    return true
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { checkFirstLeader, checkFollower, checkFollowerElected } from './chain/against-raft.ts'
import { DaSubmitter } from './chain/da-submitter.ts'
import { readyToFollow } from './chain/executor-start.ts'
import type { Node } from './chain/node.ts'
import { waitForPeers } from './chain/peer-wait.ts'
import { Producer } from './chain/producer.ts'
import { reap } from './chain/reaper.ts'
import type { SignedBlock } from './chain/signed-block.ts'
import { Syncer } from './chain/syncer.ts'
import { doing, NodeFailure } from './failure.ts'
import type { P2p } from './p2p/p2p.ts'
import type { RaftEvents } from './raft/raft-events.ts'
import type { Entry, Snapshot } from './raft/raft-log.ts'
import type { RaftNode } from './raft/raft-node.ts'
import { openRpc } from './rpc/open-rpc.ts'
import type { RpcServer } from './rpc/rpc-server.ts'

type Role = 'idle' | 'following' | 'leading'

/** Messages the real node's channel from Raft to its syncer holds. */
const waitingMax = 100

/** How often a node that has no role yet looks for a leader; it does so until it knows the first one (evnode.md B 8.3). */
const leaderPollMs = 300

/** What a node that ends waits at least for messages to land before it leaves Raft (evnode.md B 7.1). */
const landingPollMs = 50

const followerEnded = 'follower worker exited unexpectedly'

const headersKey = 'last-submitted-header-height'
const dataKey = 'last-submitted-data-height'

/** What a node does in each role, and how it goes from one to the other, as the real one's election loop (evnode.md B 2, B 8). */
export class Member implements RaftEvents {
  /** Rejects with NodeFailure when the process must end. */
  readonly ended: Promise<never>
  readonly #node: Node
  readonly #p2p: P2p
  readonly #submitter: DaSubmitter
  readonly #work = new AbortController()
  #fail: (failure: unknown) => void = () => {}
  #raft: RaftNode | undefined
  #role: Role = 'idle'
  readonly #waiting: SignedBlock[] = []
  /** A follower that still waits for its peers. */
  #joining = false
  #syncer: Syncer | undefined
  #rpc: RpcServer | undefined
  /** The newest block Raft has committed. Height 0 until then: no guard exists. */
  #raftBlock: SignedBlock | undefined
  #leading: Promise<void> = Promise.resolve()
  #poll: NodeJS.Timeout | undefined
  /** Counts elections won: work of an older one must not go on. */
  #turn = 0
  #stopped = false

  constructor(node: Node, p2p: P2p) {
    this.#node = node
    this.#p2p = p2p
    this.#submitter = new DaSubmitter(node)
    this.ended = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.ended.catch(() => {})
  }

  join(raft: RaftNode): void {
    this.#raft = raft
  }

  /** Looks for the first leader, and follows it. Once one was seen this node takes up a role only by leading. */
  watch(): void {
    this.#poll = setInterval(() => {
      const leader = this.#raft?.leaderId ?? ''
      if (leader === '') return
      clearInterval(this.#poll)
      if (this.#role === 'idle' && !this.#stopped && leader !== this.#node.settings.config.raft.nodeId)
        this.#guard(this.#follow())
    }, leaderPollMs / this.#node.environment.speed)
  }

  onLeading(leading: boolean): void {
    if (this.#stopped) return
    if (leading) {
      this.#leading = this.#lead()
      this.#guard(this.#leading)
    } else if (this.#role === 'leading') {
      this.#node.log.info('lost leadership')
      // From here on this process stores no block, so it must take none into its Raft log either: elected at its next
      // start before it hears of a leader, it would sign those heights again (evnode.md B 2.4, docs/stand-in.md).
      this.#raft?.close()
      this.#fail(new NodeFailure('leader lock lost'))
    } else if (this.#role === 'idle') this.#guard(this.#follow())
  }

  onCommitted(entry: Entry): void {
    if (entry.kind !== 'block') return
    const { height } = entry.block.header
    // The state machine refuses what is not above it; nobody looks at the refusal (evnode.md B 2.1).
    if (height <= this.#raftHeight) return
    this.#raftBlock = entry.block
    this.#learnSubmitted(entry.submitted)
    this.#hand(entry.block)
  }

  onSnapshot({ block }: Snapshot): void {
    if (block === null) return
    this.#raftBlock = block
    this.#hand(block)
  }

  /** Raft's blocks wait for a follower that is not up yet, so many at most; what is more is lost (evnode.md B 4). */
  #hand(block: SignedBlock): void {
    if (this.#role === 'leading') return
    if (this.#syncer !== undefined) this.#syncer.take(block, '')
    else if (this.#waiting.length < waitingMax) this.#waiting.push(block)
    else this.#node.log.warn('apply channel full, dropping message')
  }

  /** No new block; the one in flight is finished. */
  async stopProducing(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#poll)
    this.#work.abort()
    await this.#leading.catch(() => {})
  }

  async stop(): Promise<void> {
    await this.stopProducing()
    await this.#syncer?.stop()
    this.#rpc?.close()
    this.#rpc = undefined
  }

  get #raftHeight(): number {
    return this.#raftBlock?.header.height ?? 0
  }

  /**
   * Who fails while it leads hands over before it ends, and is a voter until the next one leads (evnode.md B 8.4). So the followers
   * of before the first block die one right after the other, and come back together with nobody among them that follows: that is
   * how a cluster gets out of it.
   */
  #guard(work: Promise<void>): void {
    work.catch(async (thrown: unknown) => {
      if (this.#raft?.isLeader === true) {
        await this.#raft.resign(this.#node.settings.config.raft.electionMs)
        await sleep(landingPollMs)
      }
      this.#fail(thrown)
    })
  }

  /** Followers know what was submitted to DA only from the leader. */
  #learnSubmitted({ header, data }: { header: number; data: number }): void {
    const { store } = this.#node
    if (this.#role === 'leading') return
    if (header > (store.counter(headersKey) ?? 0)) store.setCounter(headersKey, header)
    if (data > (store.counter(dataKey) ?? 0)) store.setCounter(dataKey, data)
  }

  async #follow(): Promise<void> {
    const { log, settings, store, genesis } = this.#node
    this.#role = 'following'
    log.info('starting follower operations')
    log.info('Starting syncing node')
    this.#logRestored()
    const { sendMs } = settings.config.raft
    for (let waitedMs = 0; this.#raftHeight === 0 && waitedMs < sendMs && !this.#stopped; waitedMs += 20)
      await sleep(20)
    if (this.#stopped || this.#role !== 'following') return
    if (this.#raftHeight === 0)
      log.info('raft state still at height 0 after wait; skipping recovery to allow normal sync')
    else if (this.#raftBlock !== undefined) checkFollower(this.#node, this.#raftBlock)
    await this.#openRpc(settings.config.blockTimeMs * 15)
    // Only from here on does a new leader's question find an answer; its first one comes earlier (evnode.md A2).
    this.#p2p.serve()
    this.#joining = true
    await waitForPeers(this.#node, this.#p2p, this.#work.signal)
    if (this.#stopped || this.#role !== 'following') return
    this.#joining = false
    log.of('pruner').info('pruning is disabled, not starting pruner')
    const syncer = log.of('syncer')
    syncer.info('initialized syncer state', {
      height: store.head.height,
      da_height: 0,
      chain_id: genesis.chainId,
    })
    await doing(followerEnded, readyToFollow(this.#node, this.#work.signal))
    if (this.#stopped || this.#role !== 'following') return
    syncer.warn('no namespaces configured, subscriber will stay idle')
    syncer.info('syncer started')
    log.info('starting raft apply loop')
    syncer.info('starting P2P worker', { worker: 'p2p' })
    this.#syncer = new Syncer(this.#node, this.#p2p, (failure) =>
      this.#fail(new NodeFailure(`${followerEnded}: ${failure.message}`)),
    )
    this.#syncer.start()
    for (const block of this.#waiting.splice(0)) this.#syncer.take(block, '')
  }

  async #lead(): Promise<void> {
    const { log, settings } = this.#node
    const { sendMs } = settings.config.raft
    this.#turn += 1
    const turn = this.#turn
    const over = () => this.#stopped || this.#turn !== turn || this.#raft?.isLeader !== true
    const landed = await this.#raft?.landed(5 * sendMs)
    if (over()) return
    if (landed === false) return this.#abdicate(5 * sendMs)
    if (this.#role === 'following') {
      log.info('became leader, stopping follower operations')
      if (!(await this.#isSynced(5 * sendMs)) || over()) return
      if (this.#joining) {
        this.#role = 'leading'
        return this.#stall()
      }
      await this.#syncer?.stop()
      this.#syncer = undefined
      this.#rpc?.close()
      this.#rpc = undefined
    } else await checkFirstLeader(this.#node, this.#raftBlock)
    this.#role = 'leading'
    log.info('starting leader operations')
    log.info('Starting aggregator node')
    this.#logRestored()
    this.#p2p.serve()
    await this.#openRpc(settings.config.blockTimeMs * 5)
    if (this.#node.store.head.height === 0)
      log.info('raft-enabled aggregator with empty sync stores: starting sync services in publisher mode')
    await waitForPeers(this.#node, this.#p2p, this.#work.signal)
    if (over()) return
    const producer = new Producer(this.#node, {
      before: async () => this.#raft?.verifyLeader(),
      commit: async (block) => this.#raft?.propose({ kind: 'block', block, submitted: this.#submitted() }),
      stored: (block) => this.#p2p.announce(block),
    })
    const submitting = Promise.all([
      this.#submitter.run(this.#work.signal),
      reap(this.#node, this.#work.signal),
    ])
    try {
      await producer.run(this.#work.signal, this.#raftHeight)
    } catch {
      // A leader that may not sign does not say so: it only loses the leadership (seen).
      log.info('lost leadership')
      throw new NodeFailure('leader lock lost')
    } finally {
      this.#work.abort()
      await submitting
    }
  }

  /** What a node that followed checks when it is elected; false when it gave the leadership away. Throws NodeFailure. */
  async #isSynced(waitMs: number): Promise<boolean> {
    const { log, store } = this.#node
    checkFollowerElected(this.#node, this.#raftBlock)
    for (let waited = 0; store.head.height < this.#raftHeight && waited < waitMs; waited += 20)
      await sleep(20)
    if (store.head.height >= this.#raftHeight) return true
    log.warn('store still significantly behind raft state after wait; abdicating leadership', {
      store_height: store.head.height,
      raft_height: this.#raftHeight,
    })
    await this.#abdicate(waitMs)
    return false
  }

  /** Gives the leadership away. Where nobody takes it this node goes on leading, and does nothing (evnode.md B 8.9). */
  async #abdicate(waitMs: number): Promise<void> {
    await this.#raft?.resign(waitMs)
    if (this.#raft?.isLeader === true && !this.#stopped) this.#node.log.error('failed to transfer leadership')
  }

  /**
   * Elected while the follower still waits for its peers: its RPC listener was never closed, so the leader's own can
   * not open. With peers linked that error gets lost, and Raft has a leader that makes no block (evnode.md B 8.8).
   */
  #stall(): void {
    const { log, settings } = this.#node
    const { host, port } = settings.config.rpc
    if (this.#p2p.peerIds().length === 0)
      throw new NodeFailure(
        `leader worker exited unexpectedly: listen tcp ${host}:${port}: bind: address already in use`,
      )
    log.info('starting leader operations')
    log.info('Starting aggregator node')
  }

  #submitted() {
    const { store } = this.#node
    return { header: store.counter(headersKey) ?? 0, data: store.counter(dataKey) ?? 0 }
  }

  #logRestored(): void {
    const { log, store } = this.#node
    log.info('restored DA inclusion cache from store', {
      header_entries: 0,
      data_entries: 0,
      da_height: store.counter('da-height') ?? 0,
    })
  }

  async #openRpc(ageMaxMs: number): Promise<void> {
    if (this.#rpc !== undefined || this.#stopped) return
    const { nodeId } = this.#node.settings.config.raft
    this.#rpc = await openRpc(this.#node, this.#p2p, {
      daHeights: (height) => ({
        header: this.#submitter.heightOf(height),
        data: this.#submitter.heightOf(height),
      }),
      role: () => ({ isLeader: this.#raft?.isLeader === true, nodeId }),
      ageMaxMs,
    })
  }
}

import { DaSubmitter } from './chain/da-submitter.ts'
import type { Node } from './chain/node.ts'
import { waitForPeers } from './chain/peer-wait.ts'
import { Producer } from './chain/producer.ts'
import type { SignedBlock } from './chain/signed-block.ts'
import { Syncer } from './chain/syncer.ts'
import { hashOf } from './chain/validate.ts'
import { goErrorText, NodeFailure } from './failure.ts'
import type { P2p } from './p2p/p2p.ts'
import type { RaftEvents } from './raft/raft-events.ts'
import type { Entry, Snapshot } from './raft/raft-log.ts'
import type { RaftNode } from './raft/raft-node.ts'
import { unreadyAfter } from './rpc/readiness.ts'
import { type RpcServer, startRpc } from './rpc/rpc-server.ts'

type Role = 'idle' | 'following' | 'leading'

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
  #syncer: Syncer | undefined
  #rpc: RpcServer | undefined
  /** The newest block Raft has committed. Height 0 until then: no guard exists. */
  #raftBlock: SignedBlock | undefined
  #leading: Promise<void> = Promise.resolve()
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

  onLeader(id: string): void {
    if (id === '' || this.#role !== 'idle' || this.#stopped || id === this.#node.settings.config.raft.nodeId)
      return
    this.#guard(this.#follow())
  }

  onLeading(leading: boolean): void {
    if (this.#stopped) return
    if (leading) {
      this.#leading = this.#lead()
      this.#guard(this.#leading)
    } else if (this.#role === 'leading') {
      this.#node.log.info('lost leadership')
      this.#fail(new NodeFailure('leader lock lost'))
    }
  }

  onCommitted(entry: Entry): void {
    if (entry.kind !== 'block') return
    const { height } = entry.block.header
    // The state machine refuses what is not above it; nobody looks at the refusal (evnode.md B 2.1).
    if (height <= this.#raftHeight) return
    this.#raftBlock = entry.block
    this.#learnSubmitted(entry.submitted)
    if (this.#role === 'following') this.#syncer?.take(entry.block, '')
  }

  onSnapshot({ block }: Snapshot): void {
    if (block === null) return
    this.#raftBlock = block
    if (this.#role === 'following') this.#syncer?.take(block, '')
  }

  /** No new block; the one in flight is finished. */
  async stopProducing(): Promise<void> {
    this.#stopped = true
    this.#work.abort()
    await this.#leading.catch(() => {})
  }

  async stop(): Promise<void> {
    await this.stopProducing()
    this.#syncer?.stop()
    this.#rpc?.close()
    this.#rpc = undefined
  }

  get #raftHeight(): number {
    return this.#raftBlock?.header.height ?? 0
  }

  #guard(work: Promise<void>): void {
    work.catch((thrown: unknown) => this.#fail(thrown))
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
      await new Promise((resolve) => setTimeout(resolve, 20))
    if (this.#stopped || this.#role !== 'following') return
    if (this.#raftHeight === 0)
      log.info('raft state still at height 0 after wait; skipping recovery to allow normal sync')
    else this.#checkAgainstRaft()
    await this.#openRpc(settings.config.blockTimeMs * 15)
    // Only from here on does a new leader's question find an answer; its first one comes earlier (evnode.md A2).
    this.#p2p.serve()
    log.of('pruner').info('pruning is disabled, not starting pruner')
    const syncer = log.of('syncer')
    syncer.info('initialized syncer state', {
      height: store.head.height,
      da_height: 0,
      chain_id: genesis.chainId,
    })
    syncer.warn('no namespaces configured, subscriber will stay idle')
    syncer.info('syncer started')
    log.info('starting raft apply loop')
    syncer.info('starting P2P worker', { worker: 'p2p' })
    this.#syncer = new Syncer(this.#node, this.#p2p, (failure) => this.#fail(failure))
    this.#syncer.start()
    if (this.#raftBlock !== undefined) this.#syncer.take(this.#raftBlock, '')
  }

  /** A store at or above Raft's block must hold the same one (evnode.md B 2.3). */
  #checkAgainstRaft(): void {
    const { store, log } = this.#node
    const raftBlock = this.#raftBlock
    if (raftBlock === undefined || store.head.height < this.#raftHeight) return
    const own = store.block(this.#raftHeight)
    if (own !== undefined && hashOf(own) !== hashOf(raftBlock))
      throw new NodeFailure(
        `local state diverged from raft at height ${this.#raftHeight}: local hash ${hashOf(own)} != raft hash ${hashOf(raftBlock)}`,
      )
    if (store.head.height > this.#raftHeight)
      log.info(
        'local state ahead of stale raft snapshot with matching hash; skipping recovery, raft will catch up',
      )
  }

  async #lead(): Promise<void> {
    const { log, settings } = this.#node
    const { sendMs } = settings.config.raft
    this.#turn += 1
    const turn = this.#turn
    const over = () => this.#stopped || this.#turn !== turn || this.#raft?.isLeader !== true
    await this.#raft?.landed(5 * sendMs)
    if (over()) return
    if (this.#role === 'following') {
      log.info('became leader, stopping follower operations')
      if (!(await this.#isSynced(5 * sendMs)) || over()) return
      this.#syncer?.stop()
      this.#syncer = undefined
      this.#rpc?.close()
      this.#rpc = undefined
    } else this.#initialize()
    this.#role = 'leading'
    log.info('starting leader operations')
    log.info('Starting aggregator node')
    this.#logRestored()
    this.#p2p.serve()
    await this.#openRpc(settings.config.blockTimeMs * 5)
    await waitForPeers(this.#node, this.#p2p, this.#work.signal)
    if (over()) return
    const producer = new Producer(this.#node, {
      before: async () => this.#raft?.verifyLeader(),
      commit: async (block) => this.#raft?.propose({ kind: 'block', block, submitted: this.#submitted() }),
      stored: (block) => this.#p2p.announce(block),
    })
    await Promise.all([producer.run(this.#work.signal), this.#submitter.run(this.#work.signal)])
  }

  /** What a node that followed checks when it is elected; false when it gave the leadership away. Throws NodeFailure. */
  async #isSynced(waitMs: number): Promise<boolean> {
    const { log, store } = this.#node
    if (this.#raftHeight === 0 && store.head.height > 0) {
      log.info('became leader but not synced, attempting recovery')
      log.of('syncer').info('recovering state from raft', { height: 0 })
      const failure = new NodeFailure("unmarshal header: signed header's Header is nil")
      log.error('recovery failed', { error: failure.message })
      throw failure
    }
    for (let waited = 0; store.head.height < this.#raftHeight && waited < waitMs; waited += 20)
      await new Promise((resolve) => setTimeout(resolve, 20))
    if (store.head.height >= this.#raftHeight) return true
    log.warn('store still significantly behind raft state after wait; abdicating leadership', {
      store_height: store.head.height,
      raft_height: this.#raftHeight,
    })
    await this.#raft?.resign(waitMs)
    return false
  }

  /**
   * A node elected at its start holds its store against Raft's block, if there is one. With none, and with a store that
   * is far behind, it goes on from its own height all the same: both sign heights again (evnode.md B 2.1, B 2.4).
   */
  #initialize(): void {
    const { store, kv } = this.#node
    const raftBlock = this.#raftBlock
    if (raftBlock === undefined) return
    const invalid = (why: string) =>
      new NodeFailure(`failed to start executor: failed to initialize state: invalid state: ${why}`)
    const { height } = store.head
    if (height > this.#raftHeight)
      throw invalid(`local height (${height}) ahead of raft (${this.#raftHeight})`)
    if (height === this.#raftHeight && store.head.hash !== hashOf(raftBlock))
      throw invalid(`block hash mismatch at height ${height}`)
    if (height + 1 === this.#raftHeight && raftBlock.header.lastHeaderHash === store.head.hash)
      store.append(raftBlock, kv.execute(this.#raftHeight, raftBlock.transactions))
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
    const { settings, environment, log } = this.#node
    const { rpc, raft } = settings.config
    if (environment.privateNetwork || this.#rpc !== undefined || this.#stopped) return
    const addr = `${rpc.host}:${rpc.port}`
    this.#rpc = await startRpc({
      address: rpc,
      source: {
        node: this.#node,
        peers: () => this.#p2p.peers(),
        listenAddresses: this.#p2p.listenAddresses,
        daHeights: (height) => ({
          header: this.#submitter.heightOf(height),
          data: this.#submitter.heightOf(height),
        }),
      },
      role: () => ({ isLeader: this.#raft?.isLeader === true, nodeId: raft.nodeId }),
      unready: unreadyAfter(this.#node, ageMaxMs),
    }).catch((thrown: unknown) => {
      throw new NodeFailure(`listen tcp ${addr}: ${goErrorText(thrown)}`)
    })
    log.info('Started RPC server', { addr })
  }
}

import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { blockTimeMs } from '../../evnode/block.ts'
import { submitHeaders } from './da-submitter.ts'
import { NodeExit } from './exit-with.ts'
import { Follower } from './follower.ts'
import type { Logger } from './logger.ts'
import { Raft } from './raft.ts'
import { type Entry, RaftStorage, type Voter } from './raft-storage.ts'
import { closeRpc, openRpc } from './rpc-server.ts'
import { noteSigned, sealNext } from './sealing.ts'
import type { Settings } from './settings.ts'
import type { Running } from './single.ts'
import type { Store } from './store.ts'

/** Between opening its transport and bootstrapping the node is reachable without a membership (evnode.md A3). */
const beforeBootstrapMs = 150
/** A leader's first try to hear its own head from its peers fails and is repeated after this (evnode.md A2). */
const p2pRetryMs = 1_000

/** A member of a cluster: follows, and produces while it leads. */
export async function runMember(
  settings: Settings,
  store: Store,
  log: Logger,
  end: (exit: NodeExit) => void,
): Promise<Running> {
  const member = new Member(settings, store, log, end)
  await member.start()
  return member
}

class Member implements Running {
  readonly #settings: Settings
  readonly #store: Store
  readonly #log: Logger
  readonly #end: (exit: NodeExit) => void
  readonly #storage: RaftStorage
  readonly #raft: Raft
  readonly #follower: Follower
  #rpc: Server | undefined
  #opening = false
  #followed = false
  #stopping = false
  /** Height of the newest block that Raft has committed; 0 in a fresh cluster, where no guard exists (evnode.md B 2). */
  #raftHeight = 0
  #endSubmitting: () => void = () => undefined

  constructor(settings: Settings, store: Store, log: Logger, end: (exit: NodeExit) => void) {
    this.#settings = settings
    this.#store = store
    this.#log = log
    this.#end = end
    const { raft } = settings.config
    this.#storage = new RaftStorage(raft.dir)
    this.#raft = new Raft(
      { id: raft.nodeId, address: raft.address },
      this.#storage,
      raft,
      {
        following: () => this.#follow(),
        leading: () => void this.#lead(),
        leadershipLost: () => this.#lost(),
        committed: (entry) => this.#committed(entry),
        blocks: (height, count) =>
          Array.from({ length: count }, (_, i) => store.block(height + i)).filter(
            (block) => block !== undefined,
          ),
      },
      log,
    )
    this.#follower = new Follower(store, log, (height, count) => this.#raft.fetch(height, count), end)
  }

  async start(): Promise<void> {
    const { alone, config } = this.#settings
    const { raft } = config
    const voters = votersOf(raft.peers, { id: raft.nodeId, address: raft.address })
    const known = this.#storage.voters
    this.#log.raft(
      `[INFO]  raft: initial configuration: index=${known.length === 0 ? 0 : 1} servers="[${known.map((one) => `{Suffrage:Voter ID:${one.id} Address:${one.address}}`).join(' ')}]"`,
    )
    this.#log.log('info', 'initialized raft node', {
      node_id: raft.nodeId,
      addr: raft.address,
      bootstrap: false,
    })
    if (!alone) await this.#raft.listen()
    this.#log.raft(
      `[INFO]  raft: entering follower state: follower="Node at ${raft.address} [Follower]" leader-address= leader-id=`,
    )
    if (known.length > 0)
      this.#log.log('info', 'raft node started with existing local state', {}, 'raft-node')
    else await this.#bootstrap(voters)
    if (!alone) this.#raft.run()
  }

  async #bootstrap(voters: readonly Voter[]): Promise<void> {
    this.#log.log('info', 'Bootstrap raft cluster', {}, 'raft-node')
    if (!this.#settings.alone) await sleep(beforeBootstrapMs)
    // Somebody's term is on the disk but no membership: from now on at every start (evnode.md A3).
    if (this.#storage.term > 0)
      throw new NodeExit(
        'error while starting leader election: bootstrap cluster: bootstrap only works on new clusters',
      )
    this.#storage.bootstrap(voters)
    this.#log.log('info', 'bootstrapped raft cluster', {}, 'raft-node')
  }

  async stop(): Promise<number> {
    this.#stopping = true
    const led = this.#raft.role === 'leader'
    await this.#raft.resign()
    this.#raft.stop()
    this.#endSubmitting()
    this.#log.log('info', 'executor stopped', {}, 'executor')
    closeRpc(this.#rpc)
    // A leader that stops says so with exit 1 (evnode.md A4).
    return led ? 1 : 0
  }

  #follow(): void {
    this.#log.log('info', 'Raft leader changed notification')
    if (this.#followed) return
    this.#followed = true
    this.#log.log('info', 'starting follower operations')
    this.#log.log('info', 'Starting syncing node')
    void this.#openRpc()
  }

  #lost(): void {
    if (this.#stopping) return
    this.#log.log('info', 'lost leadership')
    this.#end(new NodeExit('leader lock lost', false))
  }

  /** RPC opens once a leader is known, and not before. */
  async #openRpc(): Promise<void> {
    if (this.#opening) return
    this.#opening = true
    const { config, genesis, peerId } = this.#settings
    this.#rpc = await openRpc(config.rpc, {
      store: this.#store,
      genesis,
      daNamespace: config.daNamespace,
      peerId,
      listenAddress: config.p2pListen,
      role: () => ({ isLeader: this.#raft.role === 'leader', nodeId: config.raft.nodeId }),
    })
    this.#log.log('info', 'Started RPC server', { addr: `${config.rpc.host}:${config.rpc.port}` })
  }

  #committed(entry: Entry): void {
    const { block } = entry
    if (block === undefined) return
    this.#raftHeight = block.header.height
    // A leader's own block is laid into its store by the producer, once it is committed.
    if (this.#raft.role !== 'leader' || block.header.height <= this.#producedFrom) this.#follower.take(block)
  }

  #producedFrom = Number.POSITIVE_INFINITY

  async #lead(): Promise<void> {
    const { config, genesis, signer, speed } = this.#settings
    if (this.#followed) {
      this.#log.log('info', 'became leader, stopping follower operations')
      // It follows already and Raft knows no block: recovery from nothing ends the process (evnode.md A4).
      if (this.#raftHeight === 0 && this.#store.height > 0) {
        this.#log.log('info', 'became leader but not synced, attempting recovery')
        return this.#end(new NodeExit("unmarshal header: signed header's Header is nil"))
      }
    }
    this.#log.log('info', 'starting leader operations')
    this.#log.log('info', 'Starting aggregator node')
    await this.#openRpc()
    await sleep(this.#raftHeight === 0 ? p2pRetryMs / speed : 0)
    await this.#follower.settle()
    // Only blocks above this are its own; what Raft still commits below is taken like a follower does.
    this.#producedFrom = this.#store.height
    this.#log.log(
      'info',
      'initialized state',
      { height: this.#store.height, chain_id: genesis.chainId },
      'executor',
    )
    this.#log.log('info', 'executor started', {}, 'executor')
    this.#endSubmitting = submitHeaders(
      this.#store,
      signer,
      { address: config.daAddress, namespace: config.daNamespace },
      2_000 / speed,
      this.#log,
    )
    await this.#produce(config.blockTimeMs)
  }

  /** From LastBlockTime plus one block time on, one block a block time, each only once a quorum has it. */
  async #produce(everyMs: number): Promise<void> {
    const { genesis, signer, config } = this.#settings
    const last = this.#store.block(this.#store.height)
    if (last !== undefined)
      await sleep(Math.max(0, Math.min(everyMs, blockTimeMs(last.header) + everyMs - Date.now())))
    for (;;) {
      await sleep(everyMs)
      if (this.#stopping || this.#raft.role !== 'leader') return
      const block = sealNext(this.#store, signer, genesis.chainId)
      if (!(await this.#raft.propose(block))) return
      noteSigned(block, config.raft.nodeId)
      this.#store.append(block)
      this.#log.log('info', 'produced block', { height: block.header.height, txs: 0 }, 'executor')
    }
  }
}

/** The members: peers as configured, and this node; an entry with its own id and address is dropped (evnode.md B 1.1 b). */
function votersOf(peers: readonly string[], self: Voter): Voter[] {
  const voters = peers.map((peer) => {
    const at = peer.indexOf('@')
    if (at <= 0)
      throw new NodeExit(
        `error while starting leader election: peer "${peer}" : expecting nodeID@address for peer`,
      )
    return { id: peer.slice(0, at), address: peer.slice(at + 1) }
  })
  const others = voters.filter((voter) => voter.id !== self.id || voter.address !== self.address)
  const all = [self, ...others]
  const told = (list: readonly Voter[]) =>
    `[${list.map((one) => `{Voter ${one.id} ${one.address}}`).join(' ')}]`
  if (new Set(all.map((one) => one.id)).size < all.length)
    throw new NodeExit(
      `error while starting leader election: duplicate peers found in config: ${told([...all])}`,
    )
  const twice = all.find((one, i) => all.findIndex((other) => other.address === one.address) !== i)
  if (twice !== undefined)
    throw new NodeExit(
      `error while starting leader election: bootstrap cluster: found duplicate address in configuration: ${twice.address}`,
    )
  return all
}

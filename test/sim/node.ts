import { type NodeConfig, readConfig } from '../../src/evnode/config.ts'
import { homeOfStart } from '../../src/evnode/unit.ts'
import { keyAsidePath } from '../../src/steps/host/key-aside.ts'
import { heightOf, type Signed, type Store } from './chain.ts'
import type { SimHost } from './host.ts'
import type { Running } from './programs.ts'

const configs = new Map<string, NodeConfig>()

function configOf(yaml: string, argv: readonly string[]): NodeConfig {
  const key = `${yaml}\0${argv.join(' ')}`
  const known = configs.get(key)
  if (known !== undefined) return known
  const flags: Record<string, string> = {}
  for (const [i, word] of argv.entries()) {
    const found = /^--evnode\.([^=]+)(?:=(.*))?$/.exec(word)
    if (found !== null) flags[found[1] as string] = found[2] ?? argv[i + 1] ?? ''
  }
  const config = readConfig(yaml, flags)
  configs.set(key, config)
  return config
}

/** What the node keeps of Raft in its directory. */
export interface RaftDir {
  voters: readonly { readonly id: string; readonly address: string }[]
  /** The newest block that Raft has committed, as far as this member knows; 0 before the first. */
  height: number
  store: number
}

/**
 * One process of the node, by what evnode.md says it does: a single sequencer produces on its own store; a member
 * waits for a leader, and as a leader produces on its own store, however old that is.
 */
export class SimNode implements Running {
  readonly host: SimHost
  readonly pid: number
  readonly home: string
  /** Written with each block: joined once. */
  readonly #paths: { readonly executor: string; readonly store: string; readonly memory: string }
  readonly #argv: readonly string[]
  readonly #isolated: boolean
  readonly #invocation: string
  readonly #exited: (code: number | null) => void
  config: NodeConfig | null = null
  store: Store | null = null
  raft: RaftDir | null = null
  up = false
  stopping = false
  gone = false
  following = false
  #rewrites = 0
  #tolerated = false
  #produceOff: (() => void) | null = null

  constructor(
    host: SimHost,
    argv: readonly string[],
    invocation: string,
    isolated: boolean,
    exited: (code: number | null) => void,
  ) {
    this.host = host
    this.pid = host.nextPid()
    this.#argv = argv
    this.#invocation = invocation
    this.#isolated = isolated
    this.#exited = exited
    this.home = homeOfStart(argv, '/') ?? ''
    const data = `${this.home}/data`
    this.#paths = {
      executor: `${data}/executor`,
      store: `${data}/testapp/000001.vlog`,
      memory: `${data}/executor/00001.mem`,
    }
    const { sim } = host
    host.in(sim.random.between(200, 500) * host.slowness, () => this.#begin())
  }

  get name(): string {
    return `${this.host.name}[${this.pid}]`
  }

  get isSingle(): boolean {
    return this.config !== null && !this.config.raft.enable
  }

  /** It may sign a block: a single sequencer that runs, or the leader of a quorum. */
  get writes(): boolean {
    if (!this.up || this.gone || this.#isolated) return false
    return this.isSingle ? !this.stopping : this.host.sim.cluster.leader === this
  }

  /** RPC is open: a single sequencer's always, a member's while there is a leader. */
  get answers(): boolean {
    if (!this.up || this.gone || this.#isolated || this.stopping) return false
    return this.isSingle || (this.host.sim.cluster.leader !== null && (this.following || this.writes))
  }

  term(): void {
    if (this.stopping || this.gone) return
    this.stopping = true
    const { sim } = this.host
    this.#log('"level":"info","message":"shutting down node..."')
    this.host.in(sim.random.between(150, 1200) * this.host.slowness, () => {
      const led = sim.cluster.leader === this
      this.#log('"level":"info","message":"full node halted successfully"')
      if (led) this.#log('"level":"error","error":"leader lock lost","message":"node error"')
      this.#end(led ? 1 : 0)
    })
  }

  kill(): void {
    this.#end(null)
  }

  /** The process ends by its own fault. */
  fail(error: string): void {
    if (this.gone) return
    this.#log(`"level":"error","error":${JSON.stringify(error)},"message":"node error"`)
    this.#end(1)
  }

  /** The host is gone under it: nobody hears of an end. */
  vanish(): void {
    this.gone = true
    this.#produceOff?.()
    this.host.sim.cluster.left(this)
  }

  #end(code: number | null): void {
    if (this.gone) return
    this.vanish()
    this.host.unlock(this)
    this.#exited(code)
  }

  #begin(): void {
    if (this.gone || this.stopping) return
    const { files, sim } = this.host
    const yaml = files.read(`${this.home}/config/evnode.yaml`)
    if (yaml === null) {
      this.fail('no configuration')
      return
    }
    const config = configOf(yaml, this.#argv)
    this.config = config
    const passphrase = this.#flag('passphrase_file')
    if (passphrase !== null && !files.exists(passphrase)) {
      this.fail('passphrase file is not there')
      return
    }
    if (!files.exists(`${this.home}/config/signer.json`) && !this.#findsKeyAside) {
      this.fail('key file not found')
      return
    }
    if (!files.exists(`${this.home}/config/genesis.json`)) {
      this.fail('failed to load genesis')
      return
    }
    const lock = `${this.home}/data/testapp`
    files.makeDirs(lock)
    if (!this.host.lock(lock, this)) {
      this.fail('Cannot acquire directory lock. Another process is using this Badger database.')
      return
    }
    const content = files.read(`${lock}/000001.vlog`)
    const other = files.read(`${this.home}/data/executor/00001.mem`)
    if (content !== other || content?.startsWith('torn')) {
      this.fail('the database is corrupt')
      return
    }
    const [, id = '0', rewrites = '0'] = (content ?? '').split(' ')
    this.store = sim.chain.store(Number(id))
    this.#rewrites = Number(rewrites) + 1
    this.#save()
    this.up = true
    this.#log(`"level":"info","height":"${heightOf(this.store)}","message":"initialized state"`)
    if (config.raft.enable) this.#joinRaft(config)
    else this.#produceNext()
  }

  /** As if evha had left it in its place. */
  get #findsKeyAside(): boolean {
    const { files, sim, spec } = this.host
    return sim.bugs.has('a key set aside is found') && files.exists(keyAsidePath(spec))
  }

  #flag(name: string): string | null {
    const at = this.#argv.findIndex((word) => word.startsWith(`--evnode.signer.${name}`))
    const word = this.#argv[at]
    if (word === undefined) return null
    return word.includes('=') ? word.slice(word.indexOf('=') + 1) : (this.#argv[at + 1] ?? null)
  }

  #joinRaft(config: NodeConfig): void {
    const { files, sim } = this.host
    const { dir, nodeId, address, peers } = config.raft
    const path = `${dir}/raft-log.db`
    const kept = files.read(path)
    const voters = [...peers, `${nodeId}@${address}`]
      .map((peer) => ({ id: peer.slice(0, peer.indexOf('@')), address: peer.slice(peer.indexOf('@') + 1) }))
      .sort((one, two) => (one.id < two.id ? -1 : 1))
    if (kept === null) {
      this.#members(0, [])
      if (!this.#isolated && sim.cluster.leader !== null) {
        this.fail('bootstrap cluster: bootstrap only works on new clusters')
        return
      }
      this.raft = { voters, height: 0, store: 0 }
      this.#log('"level":"info","message":"bootstrapped raft cluster"')
    } else {
      this.raft = JSON.parse(kept) as RaftDir
      this.#members(1, this.raft.voters)
      this.#log('"level":"info","message":"raft node started with existing local state"')
    }
    files.makeDirs(dir)
    this.#saveRaft()
    if (this.#isolated) return
    // What Raft has committed is applied again from its log.
    if (this.raft.height > heightOf(this.store)) this.applyUpTo(sim.chain.store(this.raft.store))
    if (!this.gone) sim.cluster.joined(this)
  }

  #members(index: number, voters: RaftDir['voters']): void {
    const servers = voters.map(({ id, address }) => `{Suffrage:Voter ID:${id} Address:${address}}`).join(' ')
    this.#log(`"message":"[INFO]  raft: initial configuration: index=${index} servers=[${servers}]"`)
  }

  follow(): void {
    if (this.following || this.gone || this.stopping) return
    this.following = true
    this.#log('"level":"info","message":"starting follower operations"')
  }

  /** Elected: it waits for its peers, then produces upon whatever its own store holds (evnode.md B 2.1). */
  lead(): void {
    this.#log('"level":"info","message":"starting leader operations"')
    this.#produceNext(1_000 + this.host.sim.random.between(0, 600))
  }

  loseLock(): void {
    if (this.gone) return
    this.#log('"level":"error","error":"leader lock lost","message":"node error"')
    this.#end(1)
  }

  #produceNext(waitMs = 0): void {
    if (this.gone || this.config === null) return
    const last = this.store?.top.atMs ?? 0
    const due = Math.max(0, last + this.config.blockTimeMs - this.host.sim.timeline.now)
    this.#produceOff = this.host.in(Math.max(due, waitMs), () => this.#produce())
  }

  #produce(): void {
    const { sim } = this.host
    if (!this.writes || this.stopping) return
    if (!this.isSingle && !sim.cluster.hasQuorum(this)) {
      this.loseLock()
      return
    }
    const block = sim.chain.sign(this.store, sim.timeline.now, this.name)
    sim.judge.signed(this, block)
    this.store = sim.chain.onTop(block, this.store)
    this.#save()
    this.#log(`"level":"info","height":"${block.height}","txs":"0","message":"produced block"`)
    if (!this.isSingle) sim.cluster.replicate(this, block)
    this.#produceNext()
  }

  /** Raft has this block committed; the store follows now or a little later. */
  committed(leader: SimNode, block: Signed): void {
    if (this.raft === null || leader.store === null) return
    this.raft.height = block.height
    this.raft.store = leader.store.id
    this.#saveRaft()
    if (leader === this) return
    const { random } = this.host.sim
    const store = leader.store
    if (random.chance(0.8)) this.applyUpTo(store)
    else this.host.in(random.between(50, 600), () => this.applyUpTo(store))
  }

  /** The blocks of another store above its own, one after the other (evnode.md B 2.3). */
  applyUpTo(store: Store | null): void {
    if (this.gone || store === null) return
    const missing: Signed[] = []
    for (let at: Store | null = store; at !== null && at.top.height > heightOf(this.store); at = at.below)
      missing.push(at.top)
    for (const block of missing.reverse()) {
      if (block.parent !== (this.store?.top.hash ?? '')) {
        // The first mismatch of a process is taken for a change of keys.
        if (this.#tolerated) {
          this.fail('invalid state detected: block references do not match local state')
          return
        }
        this.#tolerated = true
      }
      this.store = this.host.sim.chain.onTop(block, this.store)
      this.#log(`"level":"info","height":"${block.height}","source":"","message":"syncing block"`)
    }
    if (missing.length > 0) this.#save()
  }

  #save(): void {
    if (this.#isolated) return
    const { files } = this.host
    const { executor, store, memory } = this.#paths
    const text = `store ${this.store?.id ?? 0} ${this.#rewrites}`
    files.makeDirs(executor)
    files.write(store, text)
    files.write(memory, text)
  }

  #saveRaft(): void {
    const dir = this.config?.raft.dir ?? ''
    this.host.files.makeDirs(dir)
    this.host.files.write(`${dir}/raft-log.db`, JSON.stringify(this.raft))
  }

  #log(json: string): void {
    this.host.log(this.#invocation, `testapp[${this.pid}]: {${json}}`)
  }
}

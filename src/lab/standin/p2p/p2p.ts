import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Node } from '../chain/node.ts'
import type { SignedBlock } from '../chain/signed-block.ts'
import { goErrorText, NodeFailure } from '../failure.ts'
import { listening, loopbackFor } from '../rpc/http.ts'
import { Link } from './frames.ts'
import { type PeerAddress, readMultiaddress } from './multiaddress.ts'

const dialTimeoutMs = 2_000
const askTimeoutMs = 8_000
const redialMs = 1_000
/** The real node refreshes its table of peers before it goes on, once it has one (evnode.md B 8.2). */
const discoveryMs = 150
const blocksPerAnswer = 200

/** What a node does with blocks that come over P2P; only a follower does anything. */
export interface P2pListener {
  readonly onBlock: (block: SignedBlock, peerId: string) => void
  /** A peer told how far its chain goes. */
  readonly onHeight: (height: number, peerId: string) => void
}

interface Peer {
  readonly link: Link
  readonly address: string
}

/** Links to other nodes: they tell each other new blocks and give each other old ones. */
export class P2p {
  readonly listenAddresses: readonly string[]
  readonly #node: Node
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #peers = new Map<string, Peer>()
  readonly #listen: PeerAddress
  readonly #ended = new AbortController()
  #serving = false
  #listener: P2pListener | undefined

  constructor(node: Node) {
    this.#node = node
    const { p2pListen } = node.settings.config
    const listen = readMultiaddress(p2pListen)
    if (listen === undefined)
      throw new NodeFailure(`error while starting P2P client: failed to parse multiaddr "${p2pListen}"`)
    this.#listen = { ...listen, host: loopbackFor(listen.host) }
    this.listenAddresses = [`/ip4/${this.#listen.host}/tcp/${listen.port}/p2p/${node.peerId}`]
    this.#server = createServer((socket) => this.#incoming(socket))
  }

  get #isolated(): boolean {
    return this.#node.environment.privateNetwork
  }

  /** Opens the listener. Throws NodeFailure. */
  async listen(): Promise<void> {
    const { host, port } = this.#listen
    if (!this.#isolated) {
      await listening(this.#server, this.#listen).catch((thrown: unknown) => {
        throw new NodeFailure(
          `error while starting P2P client: failed to listen on any addresses: [listen tcp4 ${host}:${port}: ${goErrorText(thrown)}]`,
        )
      })
    }
    for (const address of this.listenAddresses) this.#node.log.info('listening on address', { address })
  }

  /** Calls the peers of the configuration, and goes on calling those that are lost; resolves after the first round. */
  async dial(): Promise<void> {
    const { log, environment, settings } = this.#node
    const seeds = settings.config.p2pPeers.flatMap((text) => {
      const seed = readMultiaddress(text)
      if (seed === undefined) log.error('failed to parse peer', { error: 'invalid multiaddr', peer: text })
      return seed === undefined || seed.peerId === this.#node.peerId ? [] : [seed]
    })
    if (seeds.length === 0) log.info('no peers - only listening for connections')
    if (this.#isolated) return
    await Promise.all(
      seeds.map(async (seed) => {
        await this.#call(seed)
        this.#keepCalling(seed).catch(() => {})
      }),
    )
    if (this.#peers.size > 0) await sleep(discoveryMs / environment.speed)
  }

  /** From now on blocks are given to peers that ask; before, they are told that the protocol is not supported. */
  serve(): void {
    this.#serving = true
  }

  hear(listener: P2pListener | undefined): void {
    this.#listener = listener
  }

  peers(): { id: string; address: string }[] {
    return [...this.#peers].map(([id, { address }]) => ({ id, address: `{${id}: [${address}]}` }))
  }

  peerIds(): string[] {
    return [...this.#peers.keys()]
  }

  /** Tells every peer of a block. */
  announce(block: SignedBlock): void {
    for (const { link } of this.#peers.values())
      link.ask({ type: 'announce', block }, askTimeoutMs).catch(() => {})
  }

  /** Asks a peer for blocks from..to; as many as it gives in one answer. Rejects when it does not serve or is gone. */
  async blocksFrom(peerId: string, from: number, to: number): Promise<readonly SignedBlock[]> {
    const peer = this.#peers.get(peerId)
    if (peer === undefined) throw new Error('no such peer')
    const { blocks } = await peer.link.ask({ type: 'blocks', from, to }, askTimeoutMs)
    return Array.isArray(blocks) ? (blocks as SignedBlock[]) : []
  }

  close(): void {
    this.#ended.abort()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #keepCalling(seed: PeerAddress): Promise<void> {
    const { log, environment } = this.#node
    let known = this.#peers.has(seed.peerId)
    while (!this.#ended.signal.aborted) {
      await sleep(redialMs / environment.speed, undefined, { signal: this.#ended.signal })
      const there = this.#peers.has(seed.peerId)
      // The other side may have been quicker to call.
      if (!known && there) log.info('connected to seed peer', { peer: seed.peerId })
      if (known && !there)
        log.warn('disconnected from seed peer, scheduling reconnect', { peer: seed.peerId })
      known = there || (await this.#call(seed))
    }
  }

  /** True when the peer is linked afterwards. */
  async #call(seed: PeerAddress): Promise<boolean> {
    const socket = connect({ host: seed.host, port: seed.port, timeout: dialTimeoutMs })
    const link = this.#linked(socket)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', () => resolve())
        socket.once('timeout', () => reject(new Error('timeout')))
        socket.once('close', () => reject(new Error('closed')))
      })
      socket.setTimeout(0)
      const told = await link.ask(this.#hello(), dialTimeoutMs)
      if (told['peerId'] !== seed.peerId) throw new Error('peer id mismatch')
      this.#met(seed.peerId, link, `/ip4/${seed.host}/tcp/${seed.port}`, Number(told['height']))
      this.#node.log.info('connected to seed peer', { peer: seed.peerId })
      return true
    } catch {
      link.close()
      return false
    }
  }

  #incoming(socket: Socket): void {
    this.#linked(socket)
  }

  #linked(socket: Socket): Link {
    this.#sockets.add(socket)
    const link: Link = new Link(
      socket,
      (question) => this.#answer(question, link),
      () => {
        this.#sockets.delete(socket)
        for (const [id, peer] of this.#peers) if (peer.link === link) this.#peers.delete(id)
      },
    )
    return link
  }

  #hello() {
    return {
      type: 'hello',
      peerId: this.#node.peerId,
      height: this.#node.store.head.height,
      address: this.listenAddresses[0],
    }
  }

  #met(peerId: string, link: Link, address: string, height: number): void {
    // Two nodes may call each other at once: the first link counts, the other one stays as a spare.
    if (!this.#peers.has(peerId)) this.#peers.set(peerId, { link, address })
    if (Number.isSafeInteger(height)) this.#listener?.onHeight(height, peerId)
  }

  #answer(question: Record<string, unknown>, link: Link): unknown {
    const { store, genesis } = this.#node
    switch (question['type']) {
      case 'hello':
        this.#met(String(question['peerId']), link, String(question['address']), Number(question['height']))
        return this.#hello()
      case 'announce': {
        const from = [...this.#peers].find(([, peer]) => peer.link === link)?.[0]
        this.#listener?.onBlock(question['block'] as SignedBlock, from ?? '')
        return {}
      }
      case 'blocks': {
        if (!this.#serving)
          throw new Error(
            `header/p2p: failed to open a new stream: failed to negotiate protocol: protocols not supported: [/${genesis.chainId}-headerSync/header-ex/v0.0.3]`,
          )
        const from = Number(question['from'])
        const to = Math.min(Number(question['to']), from + blocksPerAnswer - 1)
        const blocks: SignedBlock[] = []
        for (let height = from; height <= to; height += 1) {
          const block = store.block(height)
          if (block === undefined) break
          blocks.push(block)
        }
        return { blocks }
      }
      default:
        throw new Error('protocols not supported')
    }
  }
}

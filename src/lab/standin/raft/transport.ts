import { connect, createServer, type Server, type Socket } from 'node:net'
import { goErrorText, NodeFailure } from '../failure.ts'
import { Link } from '../p2p/frames.ts'
import { hostPortOf, listening } from '../rpc/http.ts'
import type { RaftRequest } from './messages.ts'

/** What a member answers to the others. */
export type RaftAnswerer = (request: RaftRequest) => Record<string, unknown>

/** A member's ear and mouth: one listener, one connection to each other member, made when it is needed. */
export class RaftTransport {
  readonly #address: string
  readonly #isolated: boolean
  readonly #server: Server
  readonly #links = new Map<string, Promise<Link>>()
  readonly #sockets = new Set<Socket>()
  #closed = false

  constructor(address: string, isolated: boolean, answerer: RaftAnswerer) {
    this.#address = address
    this.#isolated = isolated
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      new Link(
        socket,
        (question) => answerer(question as unknown as RaftRequest),
        () => this.#sockets.delete(socket),
      )
    })
  }

  /** Opens the listener. Throws NodeFailure. */
  async listen(): Promise<void> {
    if (this.#isolated) return
    await listening(this.#server, hostPortOf(this.#address) ?? { host: '', port: 0 }).catch(
      (thrown: unknown) => {
        throw new NodeFailure(
          `failed to create node: failed to initialize raft node: create raft node: create transport: listen tcp ${this.#address}: ${goErrorText(thrown)}`,
        )
      },
    )
  }

  /** Asks another member. Rejects with the words the Raft library would print. */
  async ask(address: string, request: RaftRequest, timeoutMs: number): Promise<Record<string, unknown>> {
    const link = await this.#link(address, timeoutMs)
    return link.ask(request as unknown as Record<string, unknown>, timeoutMs)
  }

  close(): void {
    this.#closed = true
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #link(address: string, timeoutMs: number): Promise<Link> {
    const there = this.#links.get(address)
    if (there !== undefined) return there
    const made = this.#dial(address, timeoutMs)
    this.#links.set(address, made)
    made.catch(() => this.#links.delete(address))
    return made
  }

  async #dial(address: string, timeoutMs: number): Promise<Link> {
    const failed = (why: string) => new Error(`dial tcp ${address}: ${why}`)
    const target = hostPortOf(address)
    if (this.#isolated || target === undefined || this.#closed)
      throw failed('connect: network is unreachable')
    const socket = connect({ ...target, timeout: timeoutMs })
    this.#sockets.add(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('timeout', () => {
        socket.destroy()
        reject(failed('i/o timeout'))
      })
      socket.once('error', (error) => reject(failed(goErrorText(error))))
    })
    socket.setTimeout(0)
    return new Link(
      socket,
      () => ({}),
      () => {
        this.#sockets.delete(socket)
        this.#links.delete(address)
      },
    )
  }
}

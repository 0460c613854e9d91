import { connect, createServer, type Server, type Socket } from 'node:net'
import { eachLine } from './lines.ts'
import type { Entry } from './raft-storage.ts'
import type { StoredBlock } from './store.ts'

export interface VoteRequest {
  readonly type: 'vote'
  /** A pre-vote asks what would happen and changes nothing. */
  readonly pre: boolean
  /** A leader handed over: a known leader is no reason to refuse. */
  readonly transfer: boolean
  readonly term: number
  readonly from: string
  readonly lastIndex: number
  readonly lastTerm: number
}

export interface AppendRequest {
  readonly type: 'append'
  readonly term: number
  readonly from: string
  readonly prevIndex: number
  readonly prevTerm: number
  readonly entries: readonly Entry[]
  readonly commit: number
}

/** Blocks by height, as P2P gives them to a node that lags. */
export interface FetchRequest {
  readonly type: 'fetch'
  readonly from: string
  readonly height: number
  readonly count: number
}

export interface TakeOverRequest {
  readonly type: 'takeOver'
  readonly from: string
  readonly term: number
}

export type PeerRequest = VoteRequest | AppendRequest | FetchRequest | TakeOverRequest

export interface PeerReply {
  readonly term: number
  readonly ok: boolean
  /** After a refused append: where to go on. */
  readonly lastIndex: number
  readonly blocks?: readonly StoredBlock[]
}

/** Answers requests of other members; one JSON line each. */
export function serveRaft(address: string, answer: (request: PeerRequest) => PeerReply): Promise<Server> {
  const { host, port } = split(address)
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    eachLine(socket, (line) => {
      const { id, ...request } = JSON.parse(line) as PeerRequest & { id: number }
      socket.write(`${JSON.stringify({ id, ...answer(request as PeerRequest) })}\n`)
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

/** The line to one other member: connects when it is needed, gives up on silence. */
export class Peer {
  readonly id: string
  readonly address: string
  #socket: Socket | undefined
  #next = 1
  readonly #waiting = new Map<number, (reply: PeerReply | null) => void>()

  constructor(id: string, address: string) {
    this.id = id
    this.address = address
  }

  /** null: refused, lost, or not answered in time. */
  ask(request: PeerRequest, timeoutMs: number): Promise<PeerReply | null> {
    const socket = this.#socket ?? this.#dial()
    const id = this.#next++
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), timeoutMs)
      const settle = (reply: PeerReply | null) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(reply)
      }
      this.#waiting.set(id, settle)
      socket.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #dial(): Socket {
    const { host, port } = split(this.address)
    const socket = connect({ host, port, noDelay: true })
    this.#socket = socket
    const lost = () => {
      if (this.#socket === socket) this.#socket = undefined
      for (const settle of [...this.#waiting.values()]) settle(null)
    }
    socket.on('error', lost)
    socket.on('close', lost)
    eachLine(socket, (line) => {
      const { id, ...reply } = JSON.parse(line) as PeerReply & { id: number }
      this.#waiting.get(id)?.(reply)
    })
    return socket
  }
}

function split(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) }
}

import type { Socket } from 'node:net'
import { objectOr } from '../../../evnode/json.ts'

/** A message between stand-ins: a question, or the answer to one. */
type Frame = {
  readonly id: number
  readonly ask?: unknown
  readonly answer?: unknown
  readonly refused?: string
}

const frameBytesMax = 64 * 1024 * 1024
const headBytes = 4

/** What the other side wants to know; the returned value (or promise) is the answer, a rejection its refusal. */
export type Answerer = (question: Record<string, unknown>) => unknown

interface Waiting {
  readonly resolve: (answer: Record<string, unknown>) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** One TCP connection that carries questions and answers both ways: length, then JSON. */
export class Link {
  readonly #socket: Socket
  readonly #answerer: Answerer
  readonly #waiting = new Map<number, Waiting>()
  #read: Buffer = Buffer.alloc(0)
  #nextId = 1
  #closed = false

  constructor(socket: Socket, answerer: Answerer, onClose: () => void) {
    this.#socket = socket
    this.#answerer = answerer
    socket.setNoDelay(true)
    socket.on('data', (data) => this.#take(data))
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#closed = true
      for (const { reject, timer } of this.#waiting.values()) {
        clearTimeout(timer)
        reject(new Error('EOF'))
      }
      this.#waiting.clear()
      onClose()
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Asks and waits at most so long. Rejects when the link ends, the time is over or the other side refuses. */
  ask(question: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<Record<string, unknown>> {
    if (this.#closed) return Promise.reject(new Error('EOF'))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error('i/o timeout'))
      }, timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#send({ id, ask: question })
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(frame: Frame): void {
    if (this.#closed) return
    const body = Buffer.from(JSON.stringify(frame))
    const whole = Buffer.allocUnsafe(headBytes + body.length)
    whole.writeUInt32BE(body.length, 0)
    body.copy(whole, headBytes)
    this.#socket.write(whole)
  }

  #take(data: Buffer): void {
    this.#read = this.#read.length === 0 ? data : Buffer.concat([this.#read, data])
    for (;;) {
      if (this.#read.length < headBytes) return
      const bytes = this.#read.readUInt32BE(0)
      if (bytes > frameBytesMax) {
        this.close()
        return
      }
      if (this.#read.length < headBytes + bytes) return
      const frame = objectOr(this.#read.toString('utf8', headBytes, headBytes + bytes))
      this.#read = this.#read.subarray(headBytes + bytes)
      if (frame === undefined || typeof frame['id'] !== 'number') {
        this.close()
        return
      }
      this.#heard(frame as unknown as Frame)
    }
  }

  #heard({ id, ask, answer, refused }: Frame): void {
    if (ask !== undefined) {
      const answered = async () => this.#answerer(ask as Record<string, unknown>)
      answered().then(
        (value) => this.#send({ id, answer: value ?? {} }),
        (error: unknown) =>
          this.#send({ id, refused: error instanceof Error ? error.message : String(error) }),
      )
      return
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (refused === undefined) waiting.resolve(answer as Record<string, unknown>)
    else waiting.reject(new Error(refused))
  }
}

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** So much is under way at once, before whoever writes has to wait. */
const inFlightBytesMax = 1024 * 1024

/** A connection over a line that is `rttMs` long: bytes arrive half of it later, in order, in both directions. */
export class SlowLink extends Duplex {
  readonly #socket: Socket
  readonly #oneWayMs: number
  #inFlight = 0
  #waiting: (() => void) | null = null
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(socket: Socket, rttMs: number) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#oneWayMs = rttMs / 2
    socket.on('data', (chunk: Buffer) => {
      if (this.#took(chunk.length)) socket.pause()
      this.#later(() => {
        this.push(chunk)
        if (this.#gave(chunk.length)) socket.resume()
      })
    })
    socket.on('end', () => this.#later(() => this.push(null)))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.#later(() => this.destroy()))
  }

  setNoDelay(on: boolean): this {
    this.#socket.setNoDelay(on)
    return this
  }

  override _read(): void {
    // What arrives is pushed when it is due; inFlightBytesMax bounds it.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: () => void): void {
    const isFull = this.#took(chunk.length)
    if (isFull) this.#waiting = taken
    this.#later(() => {
      if (!this.#socket.destroyed) this.#socket.write(chunk)
      this.#gave(chunk.length)
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.()
    })
    if (!isFull) taken()
  }

  override _final(done: () => void): void {
    this.#later(() => {
      this.#socket.end()
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#socket.destroy()
    done(error)
  }

  #took(bytes: number): boolean {
    this.#inFlight += bytes
    return this.#inFlight > inFlightBytesMax
  }

  #gave(bytes: number): boolean {
    this.#inFlight -= bytes
    return this.#inFlight <= inFlightBytesMax
  }

  /** Timers of one length fire in the order they were set. */
  #later(work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, this.#oneWayMs)
    this.#timers.add(timer)
  }
}

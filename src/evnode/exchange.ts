import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { EvhaError } from '../base/errors.ts'

/** Opens a fresh byte stream to a listener: a tunnel through a host, or a socket. */
export type Open = () => Promise<Duplex>

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
  readonly bytesMax?: number
  readonly signal?: AbortSignal | undefined
}

/** How an exchange went wrong, as values: each of them is an expected state of a node. */
export type NoAnswer =
  /** Nobody listens, or the listener went away in the middle. */
  | { readonly kind: 'closed'; readonly why: string }
  /** The connection was taken and ended without a byte of an answer. */
  | { readonly kind: 'empty' }
  /** No whole answer in time. */
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** Something else than this protocol, or more than the limit of bytes. */
  | { readonly kind: 'garbled'; readonly why: string }

/** Where an empty reply tells nothing of its own, it is a connection that broke. */
export function withoutEmpty(answer: NoAnswer): Exclude<NoAnswer, { kind: 'empty' }> {
  return answer.kind === 'empty' ? { kind: 'closed', why: 'the connection ended without an answer' } : answer
}

export type Exchanged = { readonly kind: 'answer'; readonly status: number; readonly body: string } | NoAnswer

/** A block may carry megabytes of transactions in base64. */
const answerBytesMax = 32 * 1024 * 1024

/**
 * One HTTP request over one fresh stream. Rejects only with what `open` throws when the host itself cannot be
 * reached, and when the signal is aborted.
 */
export async function exchange(open: Open, asked: Asked): Promise<Exchanged> {
  const deadline = Date.now() + asked.timeoutMs
  const stream = await opened(open, asked)
  if (!('stream' in stream)) return stream
  try {
    return await answered(
      stream.stream,
      { ...asked, timeoutMs: Math.max(1, deadline - Date.now()) },
      asked.timeoutMs,
    )
  } finally {
    stream.stream.destroy()
  }
}

async function opened(open: Open, asked: Asked): Promise<{ stream: Duplex } | NoAnswer> {
  asked.signal?.throwIfAborted()
  let late = false
  const opening = open().then((stream) => {
    // Errors may come before the request listens, and after it has gone.
    stream.on('error', () => {})
    if (late) stream.destroy()
    return { stream }
  })
  const patience = waiting(asked)
  try {
    return await Promise.race([opening, patience.over])
  } catch (thrown) {
    if (asked.signal?.aborted === true) throw thrown
    return closedBy(thrown)
  } finally {
    late = true
    opening.catch(() => {})
    patience.stop()
  }
}

/** What keeps a whole host from being asked stays an error; a refused port is a value. */
function closedBy(thrown: unknown): NoAnswer {
  if (
    thrown instanceof EvhaError &&
    ['unreachable', 'refused', 'hostKey', 'interrupted'].includes(thrown.kind)
  ) {
    throw thrown
  }
  return { kind: 'closed', why: thrown instanceof Error ? thrown.message : String(thrown) }
}

/** Settles when the time is out, rejects when the signal is aborted. */
function waiting(asked: Asked, shownMs = asked.timeoutMs): { over: Promise<NoAnswer>; stop: () => void } {
  let stop = () => {}
  const over = new Promise<NoAnswer>((resolve, reject) => {
    const timer = setTimeout(() => resolve({ kind: 'timeout', afterMs: shownMs }), asked.timeoutMs)
    const aborted = () => reject(asked.signal?.reason)
    asked.signal?.addEventListener('abort', aborted, { once: true })
    stop = () => {
      clearTimeout(timer)
      asked.signal?.removeEventListener('abort', aborted)
    }
  })
  over.catch(() => {})
  return { over, stop }
}

async function answered(stream: Duplex, asked: Asked, shownMs: number): Promise<Exchanged> {
  const patience = waiting(asked, shownMs)
  try {
    return await Promise.race([conversation(stream, asked), patience.over])
  } finally {
    patience.stop()
  }
}

function conversation(stream: Duplex, asked: Asked): Promise<Exchanged> {
  const bytesMax = asked.bytesMax ?? answerBytesMax
  return new Promise((resolve) => {
    const sent = request({
      createConnection: () => stream,
      method: asked.method,
      path: asked.path,
      headers: {
        host: asked.host ?? 'localhost',
        connection: 'close',
        ...(asked.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(asked.body)) }),
        ...asked.headers,
      },
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(brokenBy(error)))
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > bytesMax) {
          resolve({ kind: 'garbled', why: `the answer has more than ${bytesMax} bytes` })
          sent.destroy()
        }
      })
      response.on('end', () =>
        resolve({
          kind: 'answer',
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
      response.on('error', () =>
        resolve({ kind: 'closed', why: 'the connection ended in the middle of an answer' }),
      )
    })
    sent.end(asked.body)
  })
}

function brokenBy(error: NodeJS.ErrnoException): NoAnswer {
  // Node's own words for "the stream ended before an answer": code ECONNRESET without a system call.
  if (error.code === 'ECONNRESET' && error.syscall === undefined) return { kind: 'empty' }
  if (error.code?.startsWith('HPE_') === true) return { kind: 'garbled', why: error.message }
  return { kind: 'closed', why: error.message }
}

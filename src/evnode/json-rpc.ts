import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { Secret } from '../base/secret.ts'
import { exchange, type Open, withoutEmpty } from './exchange.ts'
import { isObject, objectOr } from './json.ts'
import type { Answer } from './rpc.ts'

/** Where a URL leads. */
export interface UrlTarget {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly path: string
}

/** One without a scheme is taken for HTTP; undefined for what is no URL. */
export function urlTarget(address: string): UrlTarget | undefined {
  const text = /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const tls = url.protocol === 'https:' || url.protocol === 'wss:'
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, tls, path: `${url.pathname}${url.search}` }
}

/** A URL without user, password and what stands behind its host: hosted nodes keep a key there. */
export function withoutLogin(url: string): string {
  try {
    const { protocol, host } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return url
  }
}

export interface JsonRpcOptions {
  /** For one whole question, opening included. */
  readonly timeoutMs: number
  /** Goes into the header as a bearer's token. */
  readonly bearer?: Secret | undefined
  readonly bytesMax?: number
  readonly signal?: AbortSignal | undefined
}

/** One question in JSON-RPC 2.0 over a stream that `open` gives to host and port of the target; `null` where it has no result. */
export async function jsonRpc(
  open: Open,
  target: UrlTarget,
  { bearer, ...limits }: JsonRpcOptions,
  method: string,
  params: readonly unknown[],
): Promise<Answer<unknown>> {
  const answer = await exchange(target.tls ? async () => overTls(await open(), target.host) : open, {
    method: 'POST',
    path: target.path,
    host: `${target.host}:${target.port}`,
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal().toString()}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    ...limits,
  })
  if (answer.kind !== 'answer') return withoutEmpty(answer)
  const parsed = objectOr(answer.body)
  const error = parsed?.['error']
  if (isObject(error)) return { kind: 'refused', status: answer.status, message: String(error['message']) }
  if (answer.status !== 200)
    return { kind: 'refused', status: answer.status, message: answer.body.slice(0, 200) }
  if (parsed === undefined) return { kind: 'garbled', why: `${method} was not answered in JSON` }
  return { kind: 'ok', value: parsed['result'] ?? null }
}

async function overTls(socket: Duplex, host: string): Promise<Duplex> {
  // What is an address is looked up in the certificate as one; only a name is sent along.
  const secured = connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) })
  secured.on('close', () => socket.destroy())
  return secured
}

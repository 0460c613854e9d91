import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { EvhaError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { wholeOf } from './block.ts'
import { decodeHeaderBlob, type HeaderBlob } from './da-blob.ts'
import { exchange, type Open } from './exchange.ts'
import { isObject, objectOr } from './json.ts'
import type { Answer } from './rpc.ts'

/** Read-only questions to a data availability node. */
export interface DaClient {
  /** The height DA stands at. */
  localHead(): Promise<Answer<number>>
  /**
   * All headers in a namespace (29 bytes, hex) at one DA height, in their order; [] where there is nothing. The same
   * header may lie there twice, and anybody may have written it: see `validSignature`.
   */
  headerBlobs(daHeight: number, namespaceHex: string): Promise<Answer<readonly HeaderBlob[]>>
}

export interface DaOptions {
  /** `da.address` of the node's configuration: a URL, or host:port. */
  readonly address: string
  readonly timeoutMs: number
  readonly authToken?: Secret
  readonly signal?: AbortSignal
}

/** Where a `da.address` leads: host, port, TLS and path. Throws EvhaError (usage). */
export function daTarget(address: string): { host: string; port: number; tls: boolean; path: string } {
  const text = /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
  if (!URL.canParse(text)) {
    throw new EvhaError({
      kind: 'usage',
      message: `da.address ${JSON.stringify(address)} is no address`,
      changedAnything: 'no',
      retryable: false,
      hint: 'write it as http://host:port, in the evnode.yaml of the sequencer',
    })
  }
  const url = new URL(text)
  const tls = url.protocol === 'https:' || url.protocol === 'wss:'
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, tls, path: `${url.pathname}${url.search}` }
}

/** A client for DA's JSON-RPC over streams that `open` gives to host and port of `daTarget` (evnode.md A6). */
export function daClient(open: Open, options: DaOptions): DaClient {
  const target = daTarget(options.address)
  const secured: Open = target.tls ? async () => overTls(await open(), target.host) : open
  const call = (method: string, params: readonly unknown[]) => ask(secured, options, target, method, params)
  return {
    localHead: async () => {
      const answer = await call('header.LocalHead', [])
      return answer.kind === 'ok' ? headIn(answer.value) : answer
    },
    headerBlobs: async (daHeight, namespaceHex) => {
      const namespace = Buffer.from(namespaceHex.replace(/^0x/, ''), 'hex').toString('base64')
      const answer = await call('blob.GetAll', [daHeight, [namespace]])
      if (answer.kind === 'refused' && answer.message.includes('blob: not found'))
        return { kind: 'ok', value: [] }
      return answer.kind === 'ok' ? blobsIn(answer.value, namespace) : answer
    },
  }
}

async function overTls(socket: Duplex, host: string): Promise<Duplex> {
  const secured = connect({ socket, servername: host })
  secured.on('close', () => socket.destroy())
  return secured
}

async function ask(
  open: Open,
  { timeoutMs, authToken, signal }: DaOptions,
  target: { host: string; port: number; path: string },
  method: string,
  params: readonly unknown[],
): Promise<Answer<unknown>> {
  const bearer = authToken === undefined ? {} : { authorization: `Bearer ${authToken.reveal().toString()}` }
  const answer = await exchange(open, {
    method: 'POST',
    path: target.path,
    host: `${target.host}:${target.port}`,
    headers: { 'content-type': 'application/json', ...bearer },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    timeoutMs,
    signal,
  })
  if (answer.kind === 'empty') return { kind: 'closed', why: 'the connection ended without an answer' }
  if (answer.kind !== 'answer') return answer
  const parsed = objectOr(answer.body)
  const error = parsed?.['error']
  if (isObject(error)) return { kind: 'refused', status: answer.status, message: String(error['message']) }
  if (answer.status !== 200)
    return { kind: 'refused', status: answer.status, message: answer.body.slice(0, 200) }
  if (parsed === undefined) return { kind: 'garbled', why: `${method} was not answered in JSON` }
  return { kind: 'ok', value: parsed['result'] ?? null }
}

/**
 * The local DA names its height beside a `header` that says 0 (evnode.md A6, recorded); others have it only inside
 * `header`. Heights may be text.
 */
function headIn(result: unknown): Answer<number> {
  const inside = isObject(result) && isObject(result['header']) ? result['header']['height'] : undefined
  const named = (isObject(result) ? result['height'] : undefined) ?? inside
  const height = named === undefined ? undefined : wholeOf(named)
  if (height === undefined) return { kind: 'garbled', why: 'header.LocalHead names no height' }
  return { kind: 'ok', value: height }
}

function blobsIn(result: unknown, namespace: string): Answer<readonly HeaderBlob[]> {
  if (result === null) return { kind: 'ok', value: [] }
  if (!Array.isArray(result)) return { kind: 'garbled', why: 'blob.GetAll gave no list' }
  const headers = result.flatMap((blob: unknown) => {
    if (!isObject(blob) || blob['namespace'] !== namespace || typeof blob['data'] !== 'string') return []
    return decodeHeaderBlob(Buffer.from(blob['data'], 'base64')) ?? []
  })
  return { kind: 'ok', value: headers }
}

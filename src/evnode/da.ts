import { EvhaError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { wholeOf } from './block.ts'
import { decodeHeaderBlob, type HeaderBlob } from './da-blob.ts'
import type { Open } from './exchange.ts'
import { isObject } from './json.ts'
import { jsonRpc, type UrlTarget, urlTarget } from './json-rpc.ts'
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
export function daTarget(address: string): UrlTarget {
  const target = urlTarget(address)
  if (target !== undefined) return target
  throw new EvhaError({
    kind: 'usage',
    message: `da.address ${JSON.stringify(address)} is no address`,
    changedAnything: 'no',
    retryable: false,
    hint: 'write it as http://host:port, in the evnode.yaml of the sequencer',
  })
}

/** A client for DA's JSON-RPC over streams that `open` gives to host and port of `daTarget` (evnode.md A6). */
export function daClient(open: Open, options: DaOptions): DaClient {
  const target = daTarget(options.address)
  const { timeoutMs, authToken: bearer, signal } = options
  const call = (method: string, params: readonly unknown[]) =>
    jsonRpc(open, target, { timeoutMs, bearer, signal }, method, params)
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

import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { daTarget } from '../../../evnode/da.ts'
import { exchange } from '../../../evnode/exchange.ts'
import { objectOr } from '../../../evnode/json.ts'

/** A blob to be written to DA. */
export interface DaBlob {
  /** Base64 of 29 bytes. */
  readonly namespace: string
  /** Base64. */
  readonly data: string
}

const requestTimeoutMs = 5_000

/** Writes blobs; the DA height that holds them. Rejects when DA refuses or does not answer. */
export async function submitBlobs(
  address: string,
  blobs: readonly DaBlob[],
  signal: AbortSignal,
): Promise<number> {
  const { host, port, path } = daTarget(address)
  const params = [blobs.map((blob) => ({ ...blob, share_version: 0 })), {}]
  const answer = await exchange(() => opened(host, port), {
    method: 'POST',
    path,
    host: `${host}:${port}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'blob.Submit', params }),
    timeoutMs: requestTimeoutMs,
    signal,
  })
  if (answer.kind !== 'answer') throw new Error('why' in answer ? answer.why : answer.kind)
  const said = objectOr(answer.body)
  const height = said?.['result']
  if (typeof height !== 'number')
    throw new Error(JSON.stringify(said?.['error'] ?? `status ${answer.status}`))
  return height
}

/** A TCP connection, once it stands. */
export function opened(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket))
    socket.once('error', reject)
  })
}

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
  const url = /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
  const params = [blobs.map((blob) => ({ ...blob, share_version: 0 })), {}]
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'blob.Submit', params }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  })
  const answer = objectOr(await response.text())
  const height = answer?.['result']
  if (typeof height !== 'number')
    throw new Error(JSON.stringify(answer?.['error'] ?? `status ${response.status}`))
  return height
}

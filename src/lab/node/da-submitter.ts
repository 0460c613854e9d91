import { request } from 'node:http'
import { rawPublicKey } from '../../evnode/block.ts'
import { daTarget } from '../../evnode/da.ts'
import { encodeHeaderBlob } from '../../evnode/da-blob.ts'
import { namespaceHexOf } from '../../evnode/da-namespace.ts'
import type { Signer } from './keys.ts'
import type { Logger } from './logger.ts'
import type { Store } from './store.ts'

const requestTimeoutMs = 2_000

/** Submits new headers to DA in batches, as a leader or a single sequencer does; what fails is tried with the next batch. */
export function submitHeaders(
  store: Store,
  signer: Signer,
  da: { address: string; namespace: string },
  everyMs: number,
  log: Logger,
): () => void {
  const namespace = Buffer.from(namespaceHexOf(da.namespace), 'hex').toString('base64')
  let busy = false
  const tick = async () => {
    if (busy || store.submitted >= store.height) return
    busy = true
    const upTo = store.height
    const blobs: { namespace: string; data: string }[] = []
    for (let height = store.submitted + 1; height <= upTo; height++) {
      const block = store.block(height)
      const key = rawPublicKey(block?.pubKey ?? '')
      if (block === undefined || key === undefined) continue
      blobs.push({ namespace, data: encodeHeaderBlob(block.header, key, signer.sign).toString('base64') })
    }
    log.log('info', 'submitting headers to DA', { count: blobs.length }, 'da_submitter')
    if (await submit(da.address, blobs)) {
      store.noteSubmitted(upTo)
      log.log(
        'info',
        'successfully submitted items to DA layer',
        { itemType: 'header', count: blobs.length },
        'da_submitter',
      )
    } else log.log('error', 'DA layer submission failed', { error: 'no answer' }, 'da_submitter')
    busy = false
  }
  const timer = setInterval(() => void tick(), everyMs)
  return () => clearInterval(timer)
}

function submit(address: string, blobs: readonly unknown[]): Promise<boolean> {
  const { host, port } = daTarget(address)
  return new Promise((resolve) => {
    const sent = request({ host, port, method: 'POST', timeout: requestTimeoutMs }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200))
    })
    sent.once('error', () => resolve(false))
    sent.once('timeout', () => sent.destroy())
    sent.end(JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'blob.Submit', params: [blobs, {}] }))
  })
}

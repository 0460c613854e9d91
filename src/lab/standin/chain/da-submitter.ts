import { setTimeout as sleep } from 'node:timers/promises'
import { encodeHeaderBlob } from '../../../evnode/da-blob.ts'
import { namespaceHexOf } from '../../../evnode/da-namespace.ts'
import { type DaBlob, submitBlobs } from './da-client.ts'
import type { Node } from './node.ts'
import { encodeDataBlob, type SignedBlock } from './signed-block.ts'

const headersKey = 'last-submitted-header-height'
const dataKey = 'last-submitted-data-height'
const perSubmission = 200
const lookEveryMs = 250

/**
 * Writes headers and non-empty data to DA in batches, from where the store says it stopped: a node whose store does
 * not know of a submission submits again (evnode.md B 6.2, B 7.3).
 */
export class DaSubmitter {
  readonly #node: Node
  readonly #ranges: { from: number; to: number; daHeight: number }[] = []
  #waitingSinceMs = performance.now()

  constructor(node: Node) {
    this.#node = node
  }

  /** DA height of a block that this process submitted; 0 for all others. */
  heightOf(height: number): number {
    return this.#ranges.find(({ from, to }) => from <= height && height <= to)?.daHeight ?? 0
  }

  async run(signal: AbortSignal): Promise<void> {
    const { settings, environment, log } = this.#node
    if (environment.privateNetwork) return
    const delayMs = settings.daDelayMs / environment.speed
    while (!signal.aborted) {
      await sleep(Math.min(lookEveryMs, delayMs), undefined, { signal }).catch(() => {})
      if (signal.aborted || performance.now() - this.#waitingSinceMs < delayMs) continue
      this.#waitingSinceMs = performance.now()
      try {
        await this.#submit(signal)
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown.message : String(thrown)
        if (!signal.aborted)
          log.of('da_submitter').error('DA layer submission failed', { error, itemType: 'header' })
      }
    }
    log.of('submitter').info('DA submission loop stopped')
  }

  async #submit(signal: AbortSignal): Promise<void> {
    const { store, genesis } = this.#node
    const { head } = store
    const headersFrom = Math.max(genesis.initialHeight, (store.counter(headersKey) ?? 0) + 1)
    const dataFrom = Math.max(genesis.initialHeight, (store.counter(dataKey) ?? 0) + 1)
    await this.#send('data', this.#blocks(dataFrom, head.height), signal)
    await this.#send('header', this.#blocks(headersFrom, head.height), signal)
  }

  async #send(item: 'header' | 'data', blocks: readonly SignedBlock[], signal: AbortSignal): Promise<void> {
    const first = blocks.at(0)
    const last = blocks.at(-1)
    if (first === undefined || last === undefined) return
    const { log, settings, store } = this.#node
    const blobs = item === 'header' ? blocks.map((block) => this.#headerBlob(block)) : this.#dataBlobs(blocks)
    const submitter = log.of('da_submitter')
    if (blobs.length > 0) {
      submitter.info(`submitting ${item === 'header' ? 'headers' : 'data'} to DA`, { count: blobs.length })
      const daHeight = await submitBlobs(settings.config.daAddress, blobs, signal)
      submitter.info('successfully submitted items to DA layer', { itemType: item, count: blobs.length })
      if (item === 'header') {
        this.#ranges.push({ from: first.header.height, to: last.header.height, daHeight })
        store.setCounter('da-height', daHeight)
        store.setCounter('d', last.header.height)
      }
    }
    // Followers may have told more meanwhile; a counter never goes back.
    const key = item === 'header' ? headersKey : dataKey
    store.setCounter(key, Math.max(last.header.height, store.counter(key) ?? 0))
  }

  #blocks(from: number, to: number): readonly SignedBlock[] {
    const { store } = this.#node
    const blocks: SignedBlock[] = []
    for (let height = from; height <= to && blocks.length < perSubmission; height += 1) {
      const block = store.block(height)
      if (block !== undefined) blocks.push(block)
    }
    return blocks
  }

  #headerBlob(block: SignedBlock): DaBlob {
    const { key, settings } = this.#node
    const data = encodeHeaderBlob(block.header, key.publicKey, (bytes) => key.sign(bytes))
    return { namespace: namespaceOf(settings.config.daNamespace), data: data.toString('base64') }
  }

  #dataBlobs(blocks: readonly SignedBlock[]): DaBlob[] {
    const { key, settings } = this.#node
    const { daNamespace, daDataNamespace } = settings.config
    return blocks
      .filter(({ transactions }) => transactions.length > 0)
      .map((block) => ({
        namespace: namespaceOf(daDataNamespace || daNamespace),
        data: encodeDataBlob(block, key).toString('base64'),
      }))
  }
}

function namespaceOf(name: string): string {
  return Buffer.from(namespaceHexOf(name), 'hex').toString('base64')
}

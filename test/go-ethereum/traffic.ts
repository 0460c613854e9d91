// Transfers that flow while a chain is migrated, and what became of each.
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '../../src/evnode/json.ts'
import { accountOf, signedTransfer } from './transfer.ts'

export interface TrafficOptions {
  /** JSON-RPC of execution clients: each transfer is given to all of them, as no client hands it to another. */
  readonly urls: readonly string[]
  readonly chainId: number
  readonly everyMs: number
}

/** What became of the transfers that a client has taken. */
export interface TrafficEnd {
  readonly taken: number
  /** In no block of the chain, as hashes. */
  readonly missing: readonly string[]
  /** In more than one. */
  readonly twice: readonly string[]
  /** The longest time from a transfer's taking to the block that has it, by that block's time, s. */
  readonly longestSeconds: number
}

/** The account that a lab's genesis makes rich. */
const key = 1n
const to = '0x3535353535353535353535353535353535353535'
const askTimeoutMs = 5_000
const settleTimeoutMs = 60_000

/**
 * What `work` does while transfers flow, and then what became of them. That is waited for by whoever asks for it: after a
 * failure of `work` itself nobody does.
 */
export async function whileFlowing<T>(
  options: TrafficOptions,
  work: () => Promise<T>,
): Promise<{ did: T; transfers: Promise<TrafficEnd> }> {
  const stop = new AbortController()
  const transfers = flow(options, stop.signal)
  transfers.catch(() => undefined)
  try {
    return { did: await work(), transfers }
  } finally {
    stop.abort()
  }
}

/** Sends until `stop`; resolves once all that was taken is in a block, or that took too long. */
export async function flow(
  { urls, chainId, everyMs }: TrafficOptions,
  stop: AbortSignal,
): Promise<TrafficEnd> {
  const taken = new Map<string, number>()
  for (let nonce = await nonceOf(urls); !stop.aborted; ) {
    const transfer = signedTransfer({ key, chainId, nonce, to, wei: 1n })
    const answers = await Promise.allSettled(
      urls.map((url) => ask(url, 'eth_sendRawTransaction', [transfer])),
    )
    const hash = answers.find((answer) => answer.status === 'fulfilled')?.value
    if (typeof hash === 'string') {
      taken.set(hash, Date.now())
      nonce += 1
    }
    await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined)
  }
  const deadlineMs = Date.now() + settleTimeoutMs
  for (;;) {
    const end = whatBecameOf(taken, await blocksOf(urls))
    if (end.missing.length === 0 || Date.now() > deadlineMs) return end
    await sleep(1_000)
  }
}

interface SeenBlock {
  readonly seconds: number
  readonly hashes: readonly string[]
}

function whatBecameOf(taken: ReadonlyMap<string, number>, blocks: readonly SeenBlock[]): TrafficEnd {
  const places = new Map<string, number[]>()
  for (const { seconds, hashes } of blocks)
    for (const hash of hashes) places.set(hash, [...(places.get(hash) ?? []), seconds])
  const waits = [...taken].map(([hash, atMs]) => (places.get(hash)?.[0] ?? 0) - atMs / 1_000)
  return {
    taken: taken.size,
    missing: [...taken.keys()].filter((hash) => !places.has(hash)),
    twice: [...places].flatMap(([hash, at]) => (at.length > 1 ? [hash] : [])),
    longestSeconds: Math.round(Math.max(0, ...waits)),
  }
}

/** Every block of the client that is farthest. */
async function blocksOf(urls: readonly string[]): Promise<readonly SeenBlock[]> {
  const heads = await Promise.all(urls.map((url) => ask(url, 'eth_blockNumber', []).then(Number, () => 0)))
  const head = Math.max(...heads)
  const url = urls[heads.indexOf(head)] ?? ''
  const blocks: SeenBlock[] = []
  for (let number = 1; number <= head; number += 1) {
    const block = await ask(url, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false])
    if (!isObject(block) || !Array.isArray(block['transactions'])) throw new Error(`no block ${number}`)
    blocks.push({ seconds: Number(block['timestamp']), hashes: block['transactions'].map(String) })
  }
  return blocks
}

/** A stand-in client keeps no accounts. */
async function nonceOf([url = '']: readonly string[]): Promise<number> {
  return ask(url, 'eth_getTransactionCount', [accountOf(key), 'latest']).then(Number, () => 0)
}

async function ask(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(askTimeoutMs),
  })
  const answer: unknown = await response.json()
  if (!isObject(answer) || answer['error'] !== undefined) throw new Error(JSON.stringify(answer))
  return answer['result']
}

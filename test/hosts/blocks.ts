import { expect } from 'vitest'
import type { Hosts } from './hosts.ts'

// Asked on the host itself, past evha: what it says is judged by this.
const asking = `const ask = async (method, body) => {
  const answer = await fetch('http://127.0.0.1:7331/evnode.v1.StoreService/' + method, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return answer.json()
}
const state = await ask('GetState', {})
const head = Number(state.state.lastBlockHeight)
const [from] = process.argv.slice(1).map(Number)
const links = []
const timesMs = []
for (let height = from; height <= head && links.length < 400; height += 1) {
  const { block } = await ask('GetBlock', { height: String(height) })
  const { lastHeaderHash = 'none', time } = block.header.header
  links.push(lastHeaderHash)
  timesMs.push(Number(BigInt(time) / 1000000n))
}
console.log(JSON.stringify({ head, links, timesMs }))`

export interface Chain {
  readonly head: number
  /** lastHeaderHash of each block, from the height asked for. */
  readonly links: readonly string[]
  /** Time of each of these blocks, epoch ms. */
  readonly timesMs: readonly number[]
}

/** The blocks that a host serves from a height on; undefined when it serves none. */
export async function chainOf(hosts: Hosts, host: string, from: number): Promise<Chain | undefined> {
  const ended = await hosts.on(host, `/opt/evha/node --input-type=module -e "$(cat)" ${from}`, asking)
  if (ended.code !== 0) return undefined
  const chain = JSON.parse(ended.stdout) as Chain
  // Without this a question wrongly put would make all chains equal.
  if (new Set(chain.links).size !== chain.links.length) throw new Error(`${host}: its blocks do not link`)
  return chain
}

export async function heightOf(hosts: Hosts, host: string): Promise<number | undefined> {
  const chain = await chainOf(hosts, host, Number.MAX_SAFE_INTEGER)
  return chain?.head
}

/** Every host serves the same blocks from the first on. */
export async function oneChain(hosts: Hosts, names: readonly string[]): Promise<void> {
  const chains = await Promise.all(names.map((host) => chainOf(hosts, host, 1)))
  const shortest = Math.min(...chains.map((chain) => chain?.links.length ?? 0))
  expect(shortest).toBeGreaterThan(3)
  const told = chains.map((chain) => chain?.links.slice(0, shortest).join('\n'))
  expect(new Set(told).size).toBe(1)
}

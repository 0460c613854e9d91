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
for (let height = from; height <= head && links.length < 400; height += 1) {
  const { block } = await ask('GetBlock', { height: String(height) })
  links.push(block.header.lastHeaderHash)
}
console.log(JSON.stringify({ head, links }))`

export interface Chain {
  readonly head: number
  /** lastHeaderHash of each block, from the height asked for. */
  readonly links: readonly string[]
}

/** The blocks that a host serves from a height on; undefined when it serves none. */
export async function chainOf(hosts: Hosts, host: string, from: number): Promise<Chain | undefined> {
  const ended = await hosts.on(host, `/opt/evha/node --input-type=module -e "$(cat)" ${from}`, asking)
  return ended.code === 0 ? (JSON.parse(ended.stdout) as Chain) : undefined
}

export async function heightOf(hosts: Hosts, host: string): Promise<number | undefined> {
  const chain = await chainOf(hosts, host, Number.MAX_SAFE_INTEGER)
  return chain?.head
}

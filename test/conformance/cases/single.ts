import { blockHash, verifySignature } from '../../../src/evnode/block.ts'
import { readGenesis } from '../../../src/evnode/genesis.ts'
import { objectOr } from '../../../src/evnode/json.ts'
import { readLog } from '../../../src/evnode/logs.ts'
import { type RunningNode, reaches, rpcOf, until } from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import type { Ground } from '../ground.ts'
import { type Seen, shapeOf } from '../observation.ts'

/** Lines that evha reads, in the order in which they first come. */
const read = [
  'namespaces',
  'listening on address',
  'Started RPC server',
  'initialized state',
  'produced block',
  'shutting down node...',
  'leadership resigned before shutdown',
  'executor stopped',
  'submitter stopped',
  'halting full node and its sub services...',
  'full node halted successfully',
]

async function sequencer(ground: Ground, ...flags: string[]) {
  const home = await ground.newHome('node')
  const place = await ground.place(home, 'node')
  return { home, place, node: ground.single(place, ...flags) }
}

function jsonLines(node: RunningNode): Record<string, unknown>[] {
  return node.stderr.split('\n').map((line) => objectOr(line) ?? {})
}

/** What a single sequencer does from its start to its end. */
export const singleCases: readonly Case[] = [
  aCase('log in JSON: start to clean stop', 'readLog and the proof of a clean stop', async (ground) => {
    const { node } = await sequencer(ground)
    await node.until('produced', ({ height }) => height >= 3)
    const code = await node.stop()
    const lines = jsonLines(node)
    const messages = lines.map(({ message }) => String(message))
    const first = (message: string) => messages.indexOf(message)
    const shown = (message: string): Seen => {
      const { message: _, ...fields } = lines[first(message)] ?? {}
      const shape = shapeOf(fields) as Readonly<Record<string, Seen>>
      return Object.fromEntries(
        Object.entries(shape).map(([k, v]) => [k, k === 'address' || k === 'addr' ? 'text' : v]),
      )
    }
    const found = read.filter((message) => first(message) !== -1)
    return {
      code,
      order: found.sort((a, b) => first(a) - first(b)),
      fields: Object.fromEntries(found.map((message) => [message, shown(message)])),
      last: messages.at(-1) ?? '',
      heights: node.produced.every((height, k) => height === k + 1),
      kinds: [...new Set(node.events.map(({ kind }) => kind))],
    }
  }),
  aCase('log in text: a block and the end', 'readLogLine', async (ground) => {
    const { node } = await sequencer(ground, '--evnode.log.format', 'text')
    await until('a block', () => (node.stderr.includes('produced block') ? true : undefined))
    const code = await node.stop()
    const lines = node.stderr.split('\n')
    const raw = (words: string) =>
      JSON.stringify(lines.find((line) => line.includes(words)) ?? '').replace(/\d+:\d\d[AP]M/, '<clock>')
    return {
      code,
      block: raw('produced block'),
      end: raw('full node halted successfully'),
      stopping: raw('shutting down node'),
      read: [...new Set(readLog(node.stderr).map(({ kind }) => kind))],
    }
  }),
  aCase('stop by SIGINT', 'stopSource', async (ground) => {
    const { node } = await sequencer(ground)
    await node.until('produced')
    return { code: await node.stop('SIGINT'), halted: node.events.at(-1)?.kind ?? '' }
  }),
  aCase('the next start goes on', 'the store handed over at N', async (ground) => {
    const { place, node } = await sequencer(ground)
    await node.until('produced', ({ height }) => height >= 3)
    await node.stop()
    const last = node.produced.at(-1) ?? 0
    const again = ground.single(place)
    const opened = await again.until('initialized')
    const made = await again.until('produced')
    return { opensAtLast: opened.height === last, goesOnAtNext: made.height === last + 1 }
  }),
  aCase('SIGKILL keeps what was served', 'the unclean stop', async (ground) => {
    const { place, node } = await sequencer(ground)
    const served = await reaches(place, 5)
    const before = await rpcOf(place).block(served)
    await node.stop('SIGKILL')
    const again = ground.single(place)
    const opened = await again.until('initialized')
    await reaches(place, served + 1)
    const after = await rpcOf(place).block(served)
    return {
      opensAtServed: opened.height >= served,
      sameBlock: before.kind === 'ok' && after.kind === 'ok' && before.value.hash === after.value.hash,
    }
  }),
  aCase('hashes, links and signatures', 'blockHash, linked, verifySignature', async (ground) => {
    const { home, place, node } = await sequencer(ground)
    await reaches(place, 5)
    const rpc = rpcOf(place)
    const links: boolean[] = []
    const signed: boolean[] = []
    let before = ''
    let firstTime = ''
    for (let height = 1; height <= 4; height += 1) {
      const answer = await rpc.block(height)
      if (answer.kind !== 'ok') throw new Error(`block ${height}: ${answer.kind}`)
      const { header, signature, signerPubKey } = answer.value
      if (height === 1) firstTime = header.timeNs
      links.push(header.lastHeaderHash === before)
      signed.push(verifySignature(header, signature, signerPubKey))
      before = blockHash(header)
    }
    await node.stop()
    const { startTime } = readGenesis(ground.file(home, 'config', 'genesis.json'))
    const digits = (/\.(\d+)/.exec(startTime)?.[1] ?? '').padEnd(9, '0')
    return {
      links,
      signed,
      firstBlockHasGenesisTime: firstTime === `${Math.floor(Date.parse(startTime) / 1000)}${digits}`,
    }
  }),
  aCase('a block with a transaction', 'headers that grow with the state', async (ground) => {
    const home = await ground.newHome('node')
    const place = await ground.place(home, 'node')
    const kv = `${place.address}:${place.raftPort}`
    const node = ground.single(place, '--kv-endpoint', kv)
    await node.until('produced')
    const posted = await fetch(`http://${kv}/tx`, { method: 'POST', body: 'key=value' })
    const made = await node.until('produced', ({ transactions }) => transactions > 0)
    await reaches(place, made.height + 2)
    const rpc = rpcOf(place)
    const [block, next] = [await rpc.block(made.height), await rpc.block(made.height + 1)]
    if (block.kind !== 'ok' || next.kind !== 'ok') throw new Error('no block with the transaction')
    const raw = await ground.ask(place, '/evnode.v1.StoreService/GetBlock', { height: String(made.height) })
    const state = Buffer.from(next.value.header.appHash, 'base64').toString()
    return {
      status: posted.status,
      said: (await posted.text()).trim(),
      transactions: block.value.transactionCount,
      answer: typeof raw === 'string' ? raw : shapeOf(JSON.parse(raw.text)),
      linked: next.value.header.lastHeaderHash === block.value.hash,
      signed: verifySignature(next.value.header, next.value.signature, next.value.signerPubKey),
      state: state.replaceAll(String(made.height), '<height>'),
      read: await fetch(`http://${kv}/kv?key=key`).then((answer) => answer.text()),
    }
  }),
]

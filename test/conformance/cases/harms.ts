import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { explainError } from '../../../src/evnode/errors.ts'
import {
  hashAt,
  heightOf,
  memberFlags,
  type Place,
  type RunningNode,
  reaches,
  rpcOf,
  until,
} from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import { at, type Ground } from '../ground.ts'
import { NotReachable } from '../observation.ts'
import { cluster } from './cluster.ts'

/** Hashes of heights from..to as a node tells them, by height. */
async function hashesOf(place: Place, from: number, to: number): Promise<Map<number, string>> {
  const hashes = new Map<number, string>()
  for (let height = from; height <= to; height += 1) hashes.set(height, await hashAt(place, height))
  return hashes
}

/** Two stale members and one that went on alone after the copies were made. */
async function staleCluster(ground: Ground) {
  const { places, last } = await ground.chain(3)
  const first = at(places, 0)
  const single = ground.single(first)
  const ahead = await reaches(first, last + 5)
  const signed = await hashesOf(first, 1, ahead)
  await single.stop()
  await ground.bootstrap(places)
  return { places, first, others: places.slice(1), last, ahead, signed }
}

/** A listener that takes connections and says nothing: who calls it waits. */
async function silentPeer(address: string): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((done) => server.listen(0, address, done))
  return {
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** One in a few is struck, of the real ones (evnode.md A3). */
const startsMax = 30

/** Starts a member with an empty Raft directory beside a leader, until it is struck or joins. */
async function joinLate(
  ground: Ground,
  place: Place,
  places: readonly Place[],
  silentPort: number,
): Promise<RunningNode | undefined> {
  for (let attempt = 0; attempt < startsMax; attempt += 1) {
    rmSync(join(place.home, 'raft'), { recursive: true, force: true })
    // At times one more peer that never answers keeps the node busy between its Raft listener and its bootstrap.
    const peers = memberFlags(place, places)[memberFlags(place, places).indexOf('--evnode.p2p.peers') + 1]
    const silent = `/ip4/${place.address}/tcp/${silentPort}/p2p/12D3KooWGR5tdMnYZvmMYhUQfHFTYYuA8MYbQGfQ1oKKVKYpUoNe`
    const flags = [
      ...memberFlags(place, places),
      '--evnode.p2p.peers',
      attempt % 2 === 1 ? `${silent},${peers}` : `${peers}`,
    ]
    // At its full length the stand-in's way to its bootstrap is as long as the real one's.
    const node = ground.start(place.home, flags, { env: { EVHA_STANDIN_SPEED: '1' } })
    const ended = node.ended()
    const says = (kind: 'bootstrapped' | 'raftStarted') => node.until(kind).catch(() => ended)
    await Promise.race([ended, says('bootstrapped'), says('raftStarted')])
    if (!node.isUp) return node
    await node.stop()
  }
  return undefined
}

/** What goes wrong when a guard of evha is missing: each guard rests on its harm being real. */
export const harmCases: readonly Case[] = [
  aCase('a stale store leads', 'prove: only equal stores start', async (ground) => {
    const { places, others, last, ahead, signed } = await staleCluster(ground)
    const nodes = others.map((place) => ground.member(place, places))
    const forked = await Promise.any(others.map((place) => reaches(place, ahead).then(() => place)))
    const anew = await hashesOf(forked, 1, ahead)
    const twice = [...anew].filter(([height, hash]) => signed.get(height) !== hash).map(([height]) => height)
    return {
      firstSignedAgain: (twice[0] ?? 0) - last,
      allOfThem: twice.length === ahead - last,
      producedFrom: Math.min(...nodes.flatMap((node) => node.produced)) - last,
    }
  }),
  aCase('the fresh store meets the fork', 'prove: hashes, not heights', async (ground) => {
    const { places, first, others, ahead, signed } = await staleCluster(ground)
    for (const place of others) ground.member(place, places)
    await Promise.all(others.map((place) => reaches(place, ahead + 2)))
    const node = ground.member(first, places)
    // It may die, splice its own block into the chain, or stand still: which of them, chance decides (seen).
    await Promise.race([
      node.ended(),
      reaches(first, ahead + 6).catch(() => undefined),
      Promise.all(others.map((place) => reaches(place, ahead + 100))),
    ])
    const own = node.isUp ? await hashAt(first, ahead).catch(() => undefined) : undefined
    const theirs = await hashAt(at(others, 0), ahead)
    return {
      othersHaveAnother: theirs !== '' && theirs !== signed.get(ahead),
      becomesOneOfThem: own === theirs,
    }
  }),
  aCase('an empty store leads', 'prove: no empty store starts', async (ground) => {
    const { places, last } = await ground.chain(3)
    const others = places.slice(1)
    const old = at(places, 0)
    const single = ground.single(old)
    await reaches(old, 2)
    const second = await hashAt(old, 2)
    await single.stop()
    for (const { home } of others) rmSync(join(home, 'data'), { recursive: true })
    await ground.bootstrap(places)
    for (const { home } of others) rmSync(join(home, 'data'), { recursive: true, force: true })
    const nodes = others.map((place) => ground.member(place, places))
    const place = await Promise.any(others.map((one) => reaches(one, 2).then(() => one)))
    return {
      firstHeight: Math.min(...nodes.flatMap((node) => node.produced)),
      secondBlockDiffers: (await hashAt(place, 2)) !== second,
      chainWasLonger: last > 2,
    }
  }),
  aCase('a late joiner with an empty Raft directory', 'smoke: the directory is kept', async (ground) => {
    const { places, last } = await ground.chain(3)
    const pair = places.slice(0, 2)
    const joiner = at(places, 2)
    await ground.bootstrap(pair.length === 2 ? places : [])
    for (const place of pair) ground.member(place, places)
    await Promise.all(pair.map((place) => reaches(place, last + 2)))
    const silent = await silentPeer(joiner.address)
    try {
      const struck = await joinLate(ground, joiner, places, silent.port)
      if (struck === undefined) throw new NotReachable(`no joiner was struck in ${startsMax} starts`)
      const again: { code: number | null; last: string; index: number }[] = []
      for (let time = 0; time < 2; time += 1) {
        const node = ground.member(joiner, places)
        const code = await ground.ended(node)
        again.push({ code, last: node.last, index: (await node.until('configuration')).index })
      }
      rmSync(join(joiner.home, 'raft'), { recursive: true })
      return {
        code: await ground.ended(struck),
        last: struck.last,
        again,
        explained: explainError(struck.last) !== undefined,
      }
    } finally {
      silent.close()
    }
  }),
  aCase(
    'elected before the first cluster block, having followed',
    'transient exits are healed',
    async (ground) => {
      const { places } = await ground.chain(3)
      await ground.bootstrap(places)
      const nodes = places.map((place) => ground.member(place, places, '--evnode.node.block_time', '1h'))
      const leader = await until('a leader', () =>
        nodes.find((node) => node.events.some(({ kind }) => kind === 'leading')),
      )
      const others = nodes.filter((node) => node !== leader)
      for (const node of others) await node.until('following')
      await leader.stop('SIGKILL')
      const died = await Promise.any(others.map(async (node) => ({ code: await ground.ended(node), node })))
      return { code: died.code, last: died.node.last, explained: explainError(died.node.last) !== undefined }
    },
  ),
  aCase('the old sequencer beside the cluster', 'the fence', async (ground) => {
    const { places, last } = await ground.chain(3)
    const da = await ground.withDa()
    const [first, others] = [at(places, 0), places.slice(1)]
    await ground.bootstrap(places)
    others.map((place) => ground.member(place, places))
    await Promise.all(others.map((place) => reaches(place, last + 3)))
    const old = ground.single(first, '--evnode.da.block_time', '200ms')
    const made = await old.until('produced')
    const submitted = await old.until('daSubmitted', ({ item }) => item === 'header')
    const other = others[0] ?? first
    const theirs = await hashAt(other, last + 1)
    return {
      height: made.height - last,
      otherBlock: (await hashAt(first, last + 1)) !== theirs,
      onDa: submitted.count > 0 && da.port > 0,
      clusterGoesOn: ((await heightOf(other)) ?? 0) > last,
    }
  }),
  aCase('a wrong signer: found on leading, not before', 'copySigner: compared before', async (ground) => {
    const { places } = await ground.chain(3)
    const wrong = places.slice(1)
    const stranger = await ground.newHome('stranger')
    for (const { home } of wrong)
      execFileSync('cp', [join(stranger, 'config', 'signer.json'), join(home, 'config', 'signer.json')])
    await ground.bootstrap(places)
    const nodes = wrong.map((place) => ground.member(place, places))
    const led = await until('an elected one', () =>
      nodes.find((node) => node.events.some(({ kind }) => kind === 'leading')),
    )
    const code = await ground.ended(led)
    const said = led.events.flatMap((event) => (event.kind === 'fatal' ? [event.error] : []))
    return {
      code,
      saysWhy: said.some((words) => words.endsWith('not a proposer')),
      last: led.last,
      otherComplains: nodes.some((node) => node !== led && node.stderr.includes('not a proposer')),
      produced: nodes.flatMap((node) => node.produced),
    }
  }),
  aCase('a wrong passphrase on one member', 'smoke: the key opens', async (ground) => {
    const { places } = await ground.chain(2)
    const place = at(places, 0)
    const wrong = join(ground.dir, 'wrong')
    writeFileSync(wrong, 'another')
    const node = ground.member(place, places, '--evnode.signer.passphrase_file', wrong)
    return { code: await ground.ended(node), last: ground.plain(node.last) }
  }),
  aCase('all members start again', 'a power cut', async (ground) => {
    const { places, nodes } = await cluster(ground)
    const heights = await Promise.all(places.map((place) => heightOf(place)))
    const highest = Math.max(...heights.map((height) => height ?? 0))
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')))
    const running = new Map<Place, RunningNode>()
    // As a service manager would: who ends is started again.
    const goesOn = await until('the cluster at work again', async () => {
      for (const place of places)
        if (running.get(place)?.isUp !== true) running.set(place, ground.member(place, places))
      const now = await Promise.all(places.map((place) => heightOf(place)))
      return now.every((height) => height !== undefined && height > highest) ? true : undefined
    })
    const rpc = await rpcOf(at(places, 0)).block(highest)
    return { goesOn, hasTheOldBlock: rpc.kind }
  }),
]

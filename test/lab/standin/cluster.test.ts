import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { difference } from '../../../src/steps/host/manifest.ts'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { contentsOf, differing } from './contents.ts'
import { leaderOf } from './leader.ts'
import { said } from './said.ts'
import { hashAt, heightOf, type Place, reaches, rpcOf, until, withScratch } from './stand.ts'

async function sameChain(places: readonly Place[], from: number, to: number): Promise<void> {
  for (let height = from; height <= to; height += 1) {
    const hashes = await Promise.all(places.map((place) => hashAt(place, height)))
    expect(new Set(hashes).size).toBe(1)
  }
}

test('three nodes with equal stores elect one and go on at the next height, with linked hashes on all', () =>
  withScratch(async (scratch) => {
    const { places, last, lastHash } = await chainFor(scratch, 3)
    for (const { home } of places) expect(differing(places[0]?.home ?? '', home)).toBe(0)
    await bootstrapAll(scratch, places)
    const nodes = startAll(scratch, places, places)
    await Promise.all(places.map((place) => reaches(place, last + 5)))
    await sameChain(places, last, last + 5)
    const [place] = places
    if (place === undefined) throw new Error('no place')
    const next = await rpcOf(place).block(last + 1)
    expect(next.kind === 'ok' && next.value.header.lastHeaderHash).toBe(lastHash)
    await leaderOf(places)
    const made = nodes.flatMap((node) => node.produced)
    expect(Math.min(...made)).toBe(last + 1)

    const roles = await Promise.all(places.map((one) => rpcOf(one).raftNode()))
    const codes = await Promise.all(
      nodes.map(async (node, k) => {
        const role = roles[k]
        if (role?.kind === 'ok' && role.value.isLeader) return { leader: true, code: await node.stop(), node }
        return { leader: false, code: 0, node }
      }),
    )
    const led = codes.find(({ leader }) => leader)
    expect(led?.code).toBe(1)
    expect(led?.node.last).toBe(said('leader told to stop (SIGTERM)'))
    expect(led?.node.events.map(({ kind }) => kind)).toContain('halted')
    // The others elect one of themselves and go on.
    const left = places.filter((_, k) => !(codes[k]?.leader ?? false))
    const second = await leaderOf(left)
    const head = (await heightOf(second)) ?? 0
    await Promise.all(left.map((one) => reaches(one, head + 3)))
    const at = places.findIndex((one) => left.includes(one) && one !== second)
    expect(await nodes[at]?.stop()).toBe(0)
    expect(scratch.signedTwice(...places.map(({ home }) => home))).toEqual([])
  }))

test('a late joiner with a Raft directory that was kept comes in and catches up', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 5)
    await bootstrapAll(scratch, places)
    const early = startAll(scratch, places.slice(0, 3), places)
    for (const node of early) {
      await node.until('raftStarted')
      const known = await node.until('configuration')
      expect([known.index, known.voters.length]).toEqual([1, 5])
    }
    await Promise.all(places.slice(0, 3).map((place) => reaches(place, last + 10)))
    const late = startAll(scratch, places.slice(3), places)
    await Promise.all(places.slice(3).map((place) => reaches(place, last + 15)))
    await sameChain(places, last, last + 15)
    for (const node of [...early, ...late]) expect(node.isUp).toBe(true)
    expect(scratch.signedTwice(...places.map(({ home }) => home))).toEqual([])
  }))

test('two of five elect nobody, keep their RPC closed and write no block', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 5)
    await bootstrapAll(scratch, places)
    const pair = places.slice(0, 2)
    const before = pair.map(({ home }) => contentsOf(home))
    const nodes = startAll(scratch, pair, places)
    for (const node of nodes)
      await until('three elections in vain', () =>
        node.stderr.split('pre-vote campaign failed').length > 3 ? true : undefined,
      )
    for (const place of pair) expect((await rpcOf(place).live()).kind).toBe('closed')
    // Who waits for their RPC waits for ever; evha goes by what their log says.
    for (const node of nodes) {
      const kinds = node.events.map(({ kind }) => kind)
      expect([kinds.includes('raftStarted'), kinds.includes('rpcStarted')]).toEqual([true, false])
    }
    for (const node of nodes) expect(await node.stop()).toBe(0)
    for (const place of pair)
      expect((await scratch.offline(place.home)).last).toContain(`current height ${last} is`)
    // The same height, and other files: evha compares content before a start, and copies again after one.
    for (const [k, { home }] of pair.entries()) {
      const after = contentsOf(home)
      const { toCopy, toRemove } = difference(before[k] ?? new Map(), after)
      expect(toCopy.length + toRemove.length).toBeGreaterThan(0)
      expect(after.get('data/testapp/MANIFEST')).not.toEqual(before[k]?.get('data/testapp/MANIFEST'))
    }
  }))

test('a warm pair and a third one: the leader waits once for its peers, then goes on', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 5)
    const three = places.slice(0, 3)
    await bootstrapAll(scratch, three)
    const pair = startAll(scratch, three.slice(0, 2), places)
    for (const node of pair) await node.until('peerConnected')
    const nodes = [...pair, ...startAll(scratch, three.slice(2), places)]
    await Promise.all(three.map((place) => reaches(place, last + 2)))
    const leader = nodes.find((node) => node.produced.includes(last + 1))
    const kinds = leader?.events.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('waitingForPeers')).toBeGreaterThan(kinds.indexOf('leading'))
    expect(kinds.indexOf('produced')).toBeGreaterThan(kinds.indexOf('waitingForPeers'))
    expect(nodes.map((node) => node.isUp)).toEqual([true, true, true])
  }))

test('a killed leader is replaced, and comes back as a follower', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    const nodes = startAll(scratch, places, places)
    await Promise.all(places.map((place) => reaches(place, last + 3)))
    const leader = await leaderOf(places)
    const at = places.indexOf(leader)
    await nodes[at]?.stop('SIGKILL')
    const left = places.filter((place) => place !== leader)
    const head = Math.max(
      ...(await Promise.all(left.map((place) => heightOf(place)))).map((height) => height ?? 0),
    )
    await Promise.all(left.map((place) => reaches(place, head + 3)))
    startAll(scratch, [leader], places)
    await reaches(leader, head + 6)
    await sameChain(places, last, head + 6)
  }))

test('a node whose data is gone catches up from its peers', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    startAll(scratch, places.slice(0, 2), places)
    await Promise.all(places.slice(0, 2).map((place) => reaches(place, last + 5)))
    const empty = places[2]
    if (empty === undefined) throw new Error('no third place')
    rmSync(join(empty.home, 'data'), { recursive: true })
    startAll(scratch, [empty], places)
    await reaches(empty, last + 6)
    await sameChain(places, 1, last + 6)
  }))

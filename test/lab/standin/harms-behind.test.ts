// A member whose store is behind its own Raft log, and who is elected at its start before it hears of a leader: it
// goes on from its store all the same. How it comes to that, and how it does not.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RaftDir } from '../../../src/lab/standin/raft/raft-dir.ts'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { copyData } from './copy-chain.ts'
import { leaderOf } from './leader.ts'
import { heightOf, memberFlags, type Place, reaches, type Scratch, until, withScratch } from './stand.ts'

const patient = ['--evnode.raft.heartbeat_timeout', '4s', '--evnode.raft.election_timeout', '4s']

/** The end of a stopped member's Raft log: its last entry, and the height of the last block in it. */
function logOf({ home }: Place): { index: number; height: number } {
  const dir = new RaftDir(join(home, 'raft'), 3)
  const entries = dir.log.from(1, Number.MAX_SAFE_INTEGER)
  dir.close()
  const block = entries.findLast((entry) => entry.kind === 'block')
  return { index: dir.log.lastIndex, height: block?.kind === 'block' ? block.block.header.height : 0 }
}

const storeOf = async (scratch: Scratch, { home }: Place) =>
  Number(/current height (\d+)/.exec((await scratch.offline(home)).last)?.[1])

test('a store put back under its Raft log signs heights again; with the directory made anew it follows', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    const old = await scratch.peerOf(places[0]?.home ?? '', 'old')
    const nodes = startAll(scratch, places, places)
    await Promise.all(places.map((place) => reaches(place, last + 4)))
    await Promise.all(nodes.map((node) => node.stop()))
    const [first, ...others] = [...places].sort((a, b) => logOf(b).index - logOf(a).index)
    if (first === undefined) throw new Error('no place')
    const homes = places.map(({ home }) => home)
    const startOthers = () =>
      others.map((place) => scratch.start(place.home, [...memberFlags(place, places), ...patient]))

    // evha makes the Raft directory of a member anew whenever its store is another one.
    copyData(old, first.home)
    rmSync(join(first.home, 'raft'), { recursive: true })
    await bootstrapAll(scratch, [first], places)
    const guarded = [...startOthers(), ...startAll(scratch, [first], places)]
    await Promise.all(places.map((place) => reaches(place, last + 6)))
    await Promise.all(guarded.map((node) => node.stop()))
    expect(scratch.signedTwice(...homes)).toEqual([])

    const [again] = [...places].sort((a, b) => logOf(b).index - logOf(a).index)
    if (again === undefined) throw new Error('no place')
    copyData(old, again.home)
    for (const place of places.filter((one) => one !== again))
      scratch.start(place.home, [...memberFlags(place, places), ...patient])
    startAll(scratch, [again], places)
    const twice = await until('a height signed twice', () => {
      const found = scratch.signedTwice(...homes)
      return found.length > 0 ? found : undefined
    })
    expect(twice[0]).toBe(last + 1)
  }))

test('a leader that stood still and was replaced ends with no block in its Raft log that its store lacks', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    const nodes = new Map(startAll(scratch, places, places).map((node, k) => [places[k] as Place, node]))
    const leader = await leaderOf(places)
    const head = await until('a block of the cluster', () => heightOf(leader))
    const others = places.filter((place) => place !== leader)
    await Promise.all(others.map((place) => reaches(place, head + 1)))
    // Long enough for the next leader to send it a second batch of what it lacks: it lies there when this one wakes.
    await nodes.get(leader)?.freeze(5_000)
    await Promise.all(others.map((place) => reaches(place, head + 10)))
    expect(await nodes.get(leader)?.ended()).toBe(1)
    expect(nodes.get(leader)?.last).toBe('leader lock lost')
    // One more at most: the block it had given to Raft when it stopped.
    expect(logOf(leader).height - (await storeOf(scratch, leader))).toBeLessThanOrEqual(1)
  }))

import { expect } from 'vitest'
import {
  memberFlags,
  type Place,
  placeFor,
  type RunningNode,
  reaches,
  type Scratch,
  singleFlags,
} from './stand.ts'

/** A chain that a single sequencer made, and places for members with equal stores. */
export async function chainFor(
  scratch: Scratch,
  count: number,
): Promise<{ places: Place[]; last: number; lastHash: string }> {
  const home = await scratch.newHome('node-1')
  const first = await placeFor(home, 'node-1')
  const single = scratch.start(home, singleFlags(first))
  await reaches(first, 4)
  expect(await single.stop()).toBe(0)
  const last = single.produced.at(-1) ?? 0
  const places = [first]
  for (let k = 2; k <= count; k += 1) {
    const name = `node-${k}`
    places.push(await placeFor(await scratch.peerOf(home, name), name))
  }
  const lastHash = scratch.signed(home).at(-1)?.hash ?? ''
  return { places, last, lastHash }
}

/** Bootstraps every Raft directory beforehand, in a network of its own: the cure of the late joiner's loop. */
export async function bootstrapAll(
  scratch: Scratch,
  places: readonly Place[],
  members: readonly Place[] = places,
): Promise<void> {
  await Promise.all(
    places.map(async (place) => {
      const node = scratch.start(place.home, memberFlags(place, members), {
        EVHA_STANDIN_PRIVATE_NETWORK: '1',
      })
      await node.until('bootstrapped')
      expect(await node.stop()).toBe(0)
    }),
  )
}

export function startAll(
  scratch: Scratch,
  started: readonly Place[],
  members: readonly Place[],
): RunningNode[] {
  return started.map((place) => scratch.start(place.home, memberFlags(place, members)))
}

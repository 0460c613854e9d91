// Leaders killed while blocks are made: some die between a signature and its quorum, and no fork may come of it.

import { expect, test } from 'vitest'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { leaderOf } from './leader.ts'
import { hashAt, heightOf, type Place, until, withScratch } from './stand.ts'

const kills = process.env['EVHA_TEST_TIER'] === 'nightly' ? 40 : 3
const blockMs = 100

test(`${kills} leaders killed in a running cluster of five: no height is forked`, { timeout: 900_000 }, () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 5)
    await bootstrapAll(scratch, places)
    const nodes = new Map(startAll(scratch, places, places).map((node, k) => [places[k] as Place, node]))
    let height = last + 2
    /** Brings them all to that height; who is down is started again, as a unit would: a leader that loses its lease exits. */
    const supervised = (kept: readonly Place[]) =>
      until(`all at height ${height}`, async () => {
        for (const place of kept.filter((one) => nodes.get(one)?.isUp !== true)) {
          const [again] = startAll(scratch, [place], places)
          if (again !== undefined) nodes.set(place, again)
        }
        await new Promise((passed) => setTimeout(passed, blockMs))
        const heads = await Promise.all(kept.map((place) => heightOf(place)))
        return heads.every((head) => head !== undefined && head >= height) || undefined
      })
    for (let kill = 0; kill < kills; kill += 1) {
      await supervised(places)
      const leader = await leaderOf(places)
      await new Promise((passed) => setTimeout(passed, Math.random() * blockMs))
      await nodes.get(leader)?.stop('SIGKILL')
      const left = places.filter((place) => place !== leader)
      const heads = await Promise.all(left.map((place) => heightOf(place)))
      height = Math.max(height, ...heads.map((head) => head ?? 0)) + 3
      await supervised(left)
      await supervised(places)
    }
    for (let at = last; at <= height; at += 1)
      expect(new Set(await Promise.all(places.map((place) => hashAt(place, at)))).size).toBe(1)
    const homes = places.map(({ home }) => home)
    const inVain = scratch.signedInVain(...homes)
    expect(scratch.signedTwice(...homes)).toEqual([])
    if (inVain.length > 0) process.stderr.write(`signed in vain, kept by nobody: ${inVain.join(', ')}\n`)
  }),
)

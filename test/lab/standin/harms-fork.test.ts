// Forks: who leads from a store that is not the chain's newest, and who signs beside the cluster.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { linked } from '../../../src/evnode/block.ts'
import { daClient } from '../../../src/evnode/da.ts'
import { namespaceHexOf } from '../../../src/evnode/da-namespace.ts'
import { startDa } from '../../../src/lab/da/da.ts'
import { opened } from '../../../src/lab/standin/chain/da-client.ts'
import { SignatureWatch } from '../../../src/steps/watch/signatures.ts'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { differing } from './contents.ts'
import { said } from './said.ts'
import { hashAt, memberFlags, type Place, reaches, rpcOf, singleFlags, until, withScratch } from './stand.ts'

test('a stale store that leads signs heights again', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    const [first, ...others] = places
    if (first === undefined) throw new Error('no place')
    // The copies stay behind: node-1 runs on alone after they were made.
    const endpoint = `${first.address}:${first.raftPort}`
    const single = scratch.start(first.home, [...singleFlags(first), '--kv-endpoint', endpoint])
    await single.until('produced')
    expect((await fetch(`http://${endpoint}/tx`, { method: 'POST', body: 'a=1' })).status).toBe(202)
    await single.until('produced', ({ transactions }) => transactions === 1)
    const ahead = await reaches(first, (single.produced.at(-1) ?? 0) + 3)
    await single.stop()
    // What evha compares before it starts anything.
    for (const { home } of others) expect(differing(first.home, home)).toBeGreaterThan(0)
    // Both stale nodes are started first, so that one of them leads.
    await bootstrapAll(scratch, places)
    startAll(scratch, others, places)
    await Promise.all(others.map((place) => reaches(place, ahead)))
    expect(scratch.signedTwice(...places.map(({ home }) => home)).length).toBeGreaterThan(0)
    // Who holds the chain as it was meets the fork's next block, made on another state, and dies of it.
    const [truth] = startAll(scratch, [first], places)
    expect(await truth?.ended()).toBe(1)
    const height = /block-height (\d+)/.exec(truth?.last ?? '')?.[1] ?? ''
    expect(Number(height)).toBeGreaterThan(single.produced.at(-1) ?? 0)
    expect(truth?.last).toBe(
      said('stale store meets the chain')
        .replace('25', height)
        .replace('24', String(Number(height) - 1)),
    )
  }))

test('empty stores begin the chain anew: block 1 is signed again', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    const [first, ...others] = places
    if (first === undefined) throw new Error('no place')
    for (const { home } of others) {
      rmSync(join(home, 'data'), { recursive: true })
      expect(differing(first.home, home)).toBeGreaterThan(0)
    }
    await bootstrapAll(scratch, places)
    startAll(scratch, others, places)
    // Signed is not yet kept: a fork counts once both headers are.
    await until('block 2 signed anew and kept', () =>
      scratch.signedTwice(...places.map(({ home }) => home)).includes(2) ? true : undefined,
    )
    const again = scratch.signed(...others.map(({ home }) => home)).map(({ height }) => height)
    expect(again[0]).toBe(1)
    expect(last).toBeGreaterThan(2)
  }))

test('a forked leader is believed once: followers splice its block onto theirs', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    const [first, ...others] = places
    const [follower] = others
    if (first === undefined || follower === undefined) throw new Error('no place')
    const single = scratch.start(first.home, singleFlags(first))
    const ahead = await reaches(first, (await single.until('initialized')).height + 5)
    await single.stop()
    await bootstrapAll(scratch, places)
    startAll(scratch, others, places)
    await Promise.all(others.map((place) => reaches(place, ahead)))
    const [node] = startAll(scratch, [first], places)
    await reaches(first, ahead + 8)
    expect(await hashAt(first, ahead - 2)).not.toBe(await hashAt(follower, ahead - 2))
    expect(node?.isUp).toBe(true)
    // Equal heights, and the head itself equal: only the links between a node's own blocks tell.
    expect(await hashAt(first, ahead + 2)).toBe(await hashAt(follower, ahead + 2))
    const linkedAll = async (place: Place) => {
      for (let height = ahead - 2; height <= ahead + 2; height += 1) {
        const block = await rpcOf(place).block(height)
        if (block.kind !== 'ok' || !linked(await hashAt(place, height - 1), block.value.header)) return false
      }
      return true
    }
    expect([await linkedAll(first), await linkedAll(follower)]).toEqual([false, true])
  }))

test('the old sequencer beside the cluster signs its own blocks and writes them to DA', () =>
  withScratch(async (scratch) => {
    const da = await startDa({
      host: '127.0.0.1',
      port: 0,
      blockTimeMs: 100,
      logFile: join(scratch.dir, 'da.log'),
    })
    try {
      const { places, last } = await chainFor(scratch, 3)
      const [first, ...others] = places
      if (first === undefined) throw new Error('no place')
      await bootstrapAll(scratch, places)
      const onDa = ['--evnode.da.address', `http://127.0.0.1:${da.port}`, '--evnode.da.block_time', '1s']
      for (const place of others) scratch.start(place.home, [...memberFlags(place, places), ...onDa])
      await Promise.all(others.map((place) => reaches(place, last + 3)))
      // So far the watch of evha finds each height once.
      const asked = () => headersOn(da.port)
      const before = await until('headers of the cluster', async () => {
        const watch = await asked()
        return watch.has(last + 1, await hashAt(others[0] ?? first, last + 1)) ? watch : undefined
      })
      expect(before.twice()).toEqual([])
      const old = scratch.start(first.home, [...singleFlags(first), ...onDa])
      expect((await old.until('produced')).height).toBe(last + 1)
      expect((await old.until('daSubmitted', ({ item }) => item === 'header')).count).toBeGreaterThan(0)
      const twice = await until('a height twice on DA', async () => {
        const found = (await asked()).twice()
        return found.length > 0 ? found : undefined
      })
      expect(twice).toContain(last + 1)
      expect(scratch.signedTwice(...places.map(({ home }) => home))).toContain(last + 1)
    } finally {
      await da.close()
    }
  }))

/** All headers with the proposer's signature on DA, as evha's soak notes them. */
async function headersOn(port: number): Promise<SignatureWatch> {
  const da = daClient(() => opened('127.0.0.1', port), {
    address: `http://127.0.0.1:${port}`,
    timeoutMs: 10_000,
  })
  const watch = new SignatureWatch()
  const head = await da.localHead()
  for (let height = 1; head.kind === 'ok' && height <= head.value; height += 1) {
    const blobs = await da.headerBlobs(height, namespaceHexOf('test-ns'))
    for (const blob of blobs.kind === 'ok' ? blobs.value : [])
      if (blob.validSignature) watch.note({ ...blob, height: blob.header.height }, 'DA')
  }
  return watch
}

import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startDa } from '../../../src/lab/da/da.ts'
import { fixture } from '../../evnode/fixture.ts'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { memberFlags, reaches, rpcOf, singleFlags, until, withScratch } from './stand.ts'

const recorded = (name: string) =>
  fixture('errors.tsv')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([one]) => one === name)?.[2]

test('a stale store that leads signs heights again', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    const [first, ...others] = places
    if (first === undefined) throw new Error('no place')
    // The copies stay behind: node-1 runs on alone after they were made.
    const single = scratch.start(first.home, singleFlags(first))
    const ahead = await reaches(first, (await single.until('initialized')).height + 5)
    await single.stop()
    // Both stale nodes are started first, so that one of them leads.
    await bootstrapAll(scratch, places)
    startAll(scratch, others, places)
    await Promise.any(others.map((place) => reaches(place, ahead)))
    expect(scratch.signedTwice(...places.map(({ home }) => home)).length).toBeGreaterThan(0)
  }))

test('empty stores begin the chain anew: block 1 is signed again', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    const [first, ...others] = places
    if (first === undefined) throw new Error('no place')
    for (const { home } of others) rmSync(join(home, 'data'), { recursive: true })
    await bootstrapAll(scratch, places)
    startAll(scratch, others, places)
    await until('block 2 signed anew', () =>
      scratch.signed(...others.map(({ home }) => home)).some(({ height }) => height === 2) ? true : undefined,
    )
    const again = scratch.signed(...others.map(({ home }) => home)).map(({ height }) => height)
    expect(again[0]).toBe(1)
    expect(last).toBeGreaterThan(2)
    expect(scratch.signedTwice(...places.map(({ home }) => home))).toContain(2)
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
    const own = await rpcOf(first).block(ahead - 2)
    const theirs = await rpcOf(follower).block(ahead - 2)
    expect(own.kind === 'ok' && theirs.kind === 'ok' && own.value.hash !== theirs.value.hash).toBe(true)
    expect(node?.isUp).toBe(true)
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
      startAll(scratch, others, places)
      await Promise.all(others.map((place) => reaches(place, last + 3)))
      const old = scratch.start(first.home, [
        ...singleFlags(first),
        '--evnode.da.address',
        `http://127.0.0.1:${da.port}`,
        '--evnode.da.block_time',
        '1s',
      ])
      expect((await old.until('produced')).height).toBe(last + 1)
      expect((await old.until('daSubmitted', ({ item }) => item === 'header')).count).toBeGreaterThan(0)
      expect(scratch.signedTwice(...places.map(({ home }) => home))).toContain(last + 1)
    } finally {
      await da.close()
    }
  }))

test('a node that a leader reaches before its bootstrap fails, then and at every start', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 2)
    const [place] = places
    if (place === undefined) throw new Error('no place')
    const words = recorded('late joiner, raft_dir not bootstrapped before')
    // A leader's heartbeat in a term of its own, as soon as the listener is there; no membership comes with it.
    const beat = Buffer.from(
      JSON.stringify({
        id: 1,
        ask: {
          type: 'append',
          heartbeat: true,
          term: 7,
          leader: 'node-2',
          address: '127.0.0.1:1',
          prevIndex: 0,
          prevTerm: 0,
          entries: [],
          commit: 0,
        },
      }),
    )
    const head = Buffer.alloc(4)
    head.writeUInt32BE(beat.length)
    const calling = setInterval(() => {
      const socket = connect(place.raftPort, place.address, () => socket.write(Buffer.concat([head, beat])))
      socket.on('error', () => {})
      setTimeout(() => socket.destroy(), 500)
    }, 5)
    // A peer that answers over P2P makes the node look for more of them before it bootstraps.
    const [, other] = places
    if (other === undefined) throw new Error('no second place')
    const company = scratch.start(other.home, singleFlags(other))
    await company.until('produced')
    const joined = scratch.start(place.home, memberFlags(place, places), { EVHA_STANDIN_SPEED: '1' })
    expect(await joined.ended()).toBe(1)
    clearInterval(calling)
    expect(joined.last).toBe(words)
    for (let again = 0; again < 2; again += 1) {
      const node = scratch.start(place.home, memberFlags(place, places))
      expect(await node.ended()).toBe(1)
      expect((await node.until('configuration')).index).toBe(0)
      expect(node.last).toBe(words)
    }
  }))

test('who is elected before the first cluster block, having followed, dies', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    // Blocks of an hour: the cluster has a leader and no block.
    const nodes = places.map((place) =>
      scratch.start(place.home, [...memberFlags(place, places), '--evnode.node.block_time', '1h']),
    )
    const leader = await until('a leader', () =>
      nodes.find((node) => node.events.some(({ kind }) => kind === 'leading')),
    )
    const others = nodes.filter((node) => node !== leader)
    for (const node of others) await node.until('following')
    await leader.stop('SIGKILL')
    const died = await Promise.any(others.map(async (node) => ({ code: await node.ended(), node })))
    expect(died.code).toBe(1)
    expect(died.node.last).toBe(recorded('re-elected before the first raft block'))
  }))

test('in a network of its own a node bootstraps, elects nobody and listens nowhere', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    const [place] = places
    if (place === undefined) throw new Error('no place')
    const node = scratch.start(place.home, memberFlags(place, places), { EVHA_STANDIN_PRIVATE_NETWORK: '1' })
    await node.until('bootstrapped')
    await until('an election in vain', () =>
      node.stderr.includes('pre-vote campaign failed') ? true : undefined,
    )
    for (const port of [place.rpcPort, place.p2pPort, place.raftPort]) {
      const open = await new Promise<boolean>((resolve) => {
        const socket = connect(port, place.address, () => resolve(true))
        socket.on('error', () => resolve(false))
      })
      expect(open).toBe(false)
    }
    expect(await node.stop()).toBe(0)
  }))

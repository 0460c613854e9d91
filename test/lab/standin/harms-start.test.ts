// A member's first minutes: the late joiner's loop, an election too early, a network of its own.
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { bootstrapAll, chainFor } from './chain.ts'
import { said } from './said.ts'
import { memberFlags, singleFlags, until, withScratch } from './stand.ts'

test('a node that a leader reaches before its bootstrap fails, then and at every start', () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 2)
    const [place] = places
    if (place === undefined) throw new Error('no place')
    const words = said('late joiner, raft_dir not bootstrapped before')
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
    expect(joined.last).toBe(words)
    for (let again = 0; again < 2; again += 1) {
      const node = scratch.start(place.home, memberFlags(place, places))
      expect(await node.ended()).toBe(1)
      expect((await node.until('configuration')).index).toBe(0)
      expect(node.last).toBe(words)
    }
    // The cure: a directory that was bootstrapped where nobody could call, and kept.
    rmSync(join(place.home, 'raft'), { recursive: true })
    await bootstrapAll(scratch, [place], places)
    const cured = scratch.start(place.home, memberFlags(place, places), { EVHA_STANDIN_SPEED: '1' })
    await cured.until('raftStarted')
    expect((await cured.until('configuration')).voters.length).toBe(2)
    await cured.until('following')
    // Some hundred calls later it still runs.
    await sleep(2_000)
    clearInterval(calling)
    expect(cured.isUp).toBe(true)
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
    // Two of three can elect one of them, and the last one alone could not: the first hands over to it before it ends.
    for (const node of others) {
      expect(await node.ended()).toBe(1)
      expect(node.last).toBe(said('re-elected before the first raft block'))
    }
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

import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifySignature } from '../../../src/evnode/block.ts'
import { readConfig } from '../../../src/evnode/config.ts'
import { readGenesis } from '../../../src/evnode/genesis.ts'
import { readSigner } from '../../../src/evnode/signer.ts'
import { ChainStore } from '../../../src/lab/standin/chain/chain-store.ts'
import { packedBytes } from './contents.ts'
import { said } from './said.ts'
import { hashAt, placeFor, reaches, rpcOf, type Scratch, singleFlags, withScratch } from './stand.ts'

async function sequencer(scratch: Scratch, name = 'single') {
  const home = await scratch.newHome(name)
  return { home, place: await placeFor(home, name) }
}

test('init writes the four files as the node does', () =>
  withScratch(async (scratch) => {
    const { home } = await sequencer(scratch)
    const text = (name: string) => readFileSync(join(home, 'config', name), 'utf8')
    for (const name of ['evnode.yaml', 'genesis.json', 'node_key.json', 'signer.json'])
      expect(statSync(join(home, 'config', name)).mode & 0o777).toBe(0o600)
    expect(statSync(home).mode & 0o777).toBe(0o750)
    expect(readGenesis(text('genesis.json')).proposerAddress).toBe(
      readSigner(text('signer.json')).proposerAddress,
    )
    expect(text('signer.json')).not.toContain('salt')
    expect(text('signer.json')).not.toContain('a passphrase')
    expect(text('evnode.yaml')).toContain('# Enable Raft consensus for leader election and state replication')
    expect(readConfig(text('evnode.yaml'))).toMatchObject({
      aggregator: true,
      blockTimeMs: 100,
      daNamespace: 'test-ns',
    })
  }))

test('it says what it is', () =>
  withScratch(async (scratch) => {
    expect((await scratch.run('version')).stdout).toContain('stand-in')
  }))

test('a chain goes on after a clean stop, and every block is signed and linked', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const first = scratch.start(home, singleFlags(place))
    await first.until('produced', ({ height }) => height >= 3)
    expect(first.stderr.split('\n')[0]).toContain('stand-in')
    expect(await first.stop()).toBe(0)
    expect(first.events.at(-1)).toMatchObject({ kind: 'halted' })
    const last = first.produced.at(-1) ?? 0
    expect(await scratch.offline(home)).toEqual({ code: 1, last: heightRefusal(last) })

    const second = scratch.start(home, singleFlags(place))
    expect((await second.until('initialized')).height).toBe(last)
    const head = await reaches(place, last + 2)
    expect(second.produced[0]).toBe(last + 1)
    const rpc = rpcOf(place)
    let before = ''
    for (let height = 1; height <= head; height += 1) {
      const block = await rpc.block(height)
      if (block.kind !== 'ok') throw new Error(`block ${height}: ${block.kind}`)
      const { header, hash, signature, signerPubKey } = block.value
      expect(header.lastHeaderHash).toBe(before)
      expect(verifySignature(header, signature, signerPubKey)).toBe(true)
      before = hash
    }
    expect(scratch.signedTwice(home)).toEqual([])
  }))

test('SIGKILL keeps the height last served', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const node = scratch.start(home, singleFlags(place))
    const served = await reaches(place, 5)
    const hash = await hashAt(place, served)
    expect(await node.stop('SIGKILL')).toBe(null)
    // Neither an exit 0 nor the sentence that evha wants before it takes the store for stopped; nothing is compact.
    expect(node.events.map(({ kind }) => kind)).not.toContain('halted')
    expect(statSync(join(home, 'data', 'testapp', '000001.vlog')).size).toBe(2_147_483_646)
    const copy = await scratch.peerOf(home, 'copy')
    expect(
      Number(/current height (\d+)/.exec((await scratch.offline(copy)).last)?.[1]),
    ).toBeGreaterThanOrEqual(served)
    const again = scratch.start(home, singleFlags(place))
    expect((await again.until('initialized')).height).toBeGreaterThanOrEqual(served)
    await reaches(place, served + 1)
    expect(await hashAt(place, served)).toBe(hash)
    expect(scratch.signedTwice(home)).toEqual([])
    await again.stop()
    expect(statSync(join(home, 'data', 'testapp', '000001.vlog')).size).toBe(20)
  }))

test('a block that was begun when its node was killed is made again as it was, by whoever has that store', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const node = scratch.start(home, singleFlags(place))
    await node.until('produced', ({ height }) => height >= 2)
    await node.stop('SIGKILL')
    const data = join(home, 'data', 'testapp')
    const store = new ChainStore(data)
    const height = store.head.height + 1
    const timeNs = (BigInt(Date.now()) * 1_000_000n).toString()
    store.setPending({ height, timeNs, transactions: [Buffer.from('b=1').toString('base64')] })
    store.abandon()
    const again = scratch.start(home, singleFlags(place))
    expect(await again.until('produced')).toMatchObject({ height, transactions: 1 })
    const block = await rpcOf(place).block(height)
    expect(block.kind === 'ok' && block.value.header.timeNs).toBe(timeNs)
    await again.until('produced', (event) => event.height === height + 1 && event.transactions === 0)
  }))

test('a running database is preallocated and hardly takes space; a stopped one is compact', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const file = (db: string, name: string) => join(home, 'data', db, name)
    const node = scratch.start(home, singleFlags(place))
    await node.until('produced')
    for (const db of ['testapp', 'executor']) {
      expect(statSync(file(db, '000001.vlog')).size).toBe(2_147_483_646)
      expect(statSync(file(db, '00001.mem')).size).toBe(134_217_728)
      expect(statSync(file(db, '000001.vlog')).blocks).toBeLessThan(1_000)
    }
    const running = readFileSync(file('testapp', 'MANIFEST'))
    expect(Number(readFileSync(file('testapp', 'LOCK'), 'utf8'))).toBeGreaterThan(1)
    await node.stop()
    expect(statSync(file('testapp', '000001.vlog')).size).toBe(20)
    expect(statSync(file('executor', '000001.vlog')).size).toBe(2_147_483_646)
    // A copier that reads holes sends gigabytes for a store of kilobytes (it is cut off here); evha's does not.
    const plain = spawnSync('sh', ['-c', 'tar -cf - data | head -c 300000000 | wc -c'], { cwd: home })
    expect(Number(plain.stdout)).toBe(300_000_000)
    expect(packedBytes(home)).toBeLessThan(3_000_000)
    await scratch.offline(home)
    expect(readFileSync(file('testapp', 'MANIFEST')).equals(running)).toBe(false)
  }))

test('the store has one owner: node, offline question and a foreign flock alike', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const node = scratch.start(home, singleFlags(place))
    await node.until('produced')
    const here = (words: string) =>
      words.replace('/var/lib/ev-node/home/data/testapp', join(home, 'data', 'testapp'))
    const locked = here(said('second process on one home'))
    expect(await scratch.offline(home)).toEqual({ code: 1, last: here(said('offline height while running')) })
    const second = scratch.start(home, singleFlags(await placeFor(home, 'second')))
    expect(await second.ended()).toBe(1)
    // A start opens the executor's database first (seen).
    expect(second.last).toBe(locked.replace(join('data', 'testapp'), join('data', 'executor')))
    await node.stop()
    expect((await scratch.offline(home)).last).not.toBe(locked)
  }))

test('a rollback without a height takes one block', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const node = scratch.start(home, singleFlags(place))
    await node.until('produced', ({ height }) => height >= 4)
    await node.stop()
    const last = node.produced.at(-1) ?? 0
    expect((await scratch.run('rollback', '--home', home)).code).toBe(0)
    expect((await scratch.offline(home)).last).toBe(heightRefusal(last - 1))
  }))

test('RPC and health of a single sequencer', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    scratch.start(home, singleFlags(place))
    await reaches(place, 2)
    const rpc = rpcOf(place)
    expect(await rpc.raftNode()).toEqual({ kind: 'noRaft' })
    expect(await rpc.live()).toEqual({ kind: 'ok', value: true })
    expect(await rpc.ready()).toMatchObject({ kind: 'ok', value: { ready: true } })
    expect(await rpc.block(1_000_000)).toEqual({ kind: 'missing' })
    const stores = await rpc.storeInfo()
    if (stores.kind !== 'ok') throw new Error(stores.kind)
    expect(stores.value.header.hash).toBe(await hashAt(place, stores.value.header.height))
  }))

test('two sequencers on one chain sign the same heights: nothing stops them', () =>
  withScratch(async (scratch) => {
    const { home, place } = await sequencer(scratch)
    const first = scratch.start(home, singleFlags(place))
    await reaches(place, 3)
    await first.stop()
    const copy = await scratch.peerOf(home, 'copy')
    scratch.start(home, singleFlags(place))
    const other = await placeFor(copy, 'copy')
    scratch.start(copy, singleFlags(other))
    await Promise.all([reaches(place, 8), reaches(other, 8)])
    expect(scratch.signedTwice(home, copy).length).toBeGreaterThan(0)
  }))

function heightRefusal(height: number): string {
  return said('offline height (rollback --height 18446744073709551615)').replace('39', String(height))
}

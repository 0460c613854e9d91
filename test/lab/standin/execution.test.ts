import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ClientProcess, genesisOf } from '../execution/client.ts'
import { makeBlock } from '../execution/make-block.ts'
import {
  evmMain,
  memberFlags,
  placeFor,
  reaches,
  rpcOf,
  type Scratch,
  singleFlags,
  until,
  withScratch,
} from './stand.ts'

/** A test's nodes and their clients; the clients end with it. */
async function withClients(
  work: (
    scratch: Scratch,
    client: (name: string, genesis?: object, more?: readonly string[]) => Promise<ClientProcess>,
  ) => Promise<void>,
): Promise<void> {
  const clients: ClientProcess[] = []
  await withScratch(async (scratch) => {
    try {
      await work(scratch, async (name, genesis, more) => {
        const client = await ClientProcess.started(join(scratch.dir, name), genesis, more)
        clients.push(client)
        return client
      })
    } finally {
      await Promise.all(clients.map((client) => client.kill()))
    }
  }, evmMain)
}

/** On a busy machine no leader shall lose its lease while it replays. */
const patientRaft = ['heartbeat_timeout', 'election_timeout', 'leader_lease_timeout'].flatMap((name) => [
  `--evnode.raft.${name}`,
  '1s',
])

const evmHome = (scratch: Scratch, name: string) => scratch.newHome(name, '--evnode.node.block_time', '100ms')

/** Blocks 1 to some height, by a sequencer that has stopped again. */
async function chainOf(scratch: Scratch, client: ClientProcess, height = 12) {
  const home = await evmHome(scratch, 'node-1')
  const place = await placeFor(home, 'node-1')
  const flags = [...singleFlags(place), ...(await client.flags())]
  const node = scratch.start(home, flags)
  await reaches(place, height)
  expect(await node.stop()).toBe(0)
  return { home, place, flags, height: await client.height() }
}

const appHashAt = async (place: Awaited<ReturnType<typeof placeFor>>, height: number) => {
  const block = await rpcOf(place).block(height)
  return block.kind === 'ok' ? Buffer.from(block.value.header.appHash, 'base64').toString('hex') : undefined
}

test("a header carries the client's state after the block before, and a transaction in the client's pool comes into a block", () =>
  withClients(async (scratch, client) => {
    const own = await client('client')
    const home = await evmHome(scratch, 'node-1')
    const place = await placeFor(home, 'node-1')
    const node = scratch.start(home, [...singleFlags(place), ...(await own.flags())])
    await reaches(place, 2)
    await own.eth('eth_sendRawTransaction', '0xc0ffee')
    const { height } = await node.until('produced', (event) => event.transactions === 1)
    await reaches(place, height + 1)
    expect(await appHashAt(place, height + 1)).toBe((await own.stateAt(height))?.slice(2))
    expect(await own.stateAt(height)).not.toBe(await own.stateAt(height - 1))
    expect(await own.eth('txpool_status')).toMatchObject({ pending: '0x0' })
  }))

test('harm: a leader whose client is behind replays before it makes a block, and leads all the while', () =>
  withClients(async (scratch, client) => {
    const { home, height } = await chainOf(scratch, await client('client'))
    const homes = [home]
    for (const name of ['node-2', 'node-3']) homes.push(await scratch.peerOf(home, name))
    const places = await Promise.all(homes.map((one, at) => placeFor(one, `node-${at + 1}`)))
    const nodes = await Promise.all(
      places.map(async (place) => {
        const empty = await client(`client of ${place.name}`)
        const flags = [...memberFlags(place, places), ...patientRaft, ...(await empty.flags())]
        return scratch.start(place.home, flags, { EVHA_STANDIN_REPLAY_MS: '150' })
      }),
    )
    await until('a leader that replays', () =>
      nodes.find(({ stderr }) =>
        /starting leader operations[\s\S]*replaying block to execution layer/.test(stderr),
      ),
    )
    const maker = await until('the first block', () => nodes.find(({ produced }) => produced.length > 0))
    expect(maker.produced[0]).toBe(height + 1)
    expect(maker.stderr).toMatch(
      /execution layer is behind, syncing blocks[\s\S]*successfully synced[\s\S]*produced block/,
    )
    expect(maker.stderr).not.toMatch(/produced block[\s\S]*successfully synced/)
  }))

test('a client that is ahead of the store is taken back, and the chain goes on from the store', () =>
  withClients(async (scratch, client) => {
    const own = await client('client')
    const { home, place, flags, height } = await chainOf(scratch, own)
    await makeBlock(own, { timestamp: 2_000_000_000, transactions: ['0xbad0'] })
    const stray = await own.hashAt(height + 1)
    const node = scratch.start(home, flags)
    await reaches(place, height + 2)
    expect(node.stderr).toMatch(
      /execution layer ahead, attempting automatic rollback[\s\S]*rollback successful/,
    )
    expect(node.produced[0]).toBe(height + 1)
    expect(await own.hashAt(height + 1)).not.toBe(stray)
  }))

test('harm: a pruned client is not taken back to a block it no longer has: the node ends, where one that keeps all goes on', () =>
  withClients(async (scratch, client) => {
    const { home, flags, height } = await chainOf(scratch, await client('client'))
    const store = await scratch.peerOf(home, 'node-2')
    const ahead = async (name: string, more: readonly string[]) => {
      const one = await client(name, undefined, more)
      for (let block = 0; block < height + 6; block += 1)
        await makeBlock(one, { timestamp: 1_000_000_000 + block })
      return scratch.start(name === 'pruned' ? store : home, [...flags, ...(await one.flags())])
    }
    const pruned = await ahead('pruned', ['--prune.account-history.distance', '3'])
    expect(await pruned.ended()).toBe(1)
    expect(pruned.stderr).toMatch(/failed to rollback execution layer from \d+ to \d+: .*not found/)
    expect(pruned.produced).toEqual([])
    const whole = await ahead('whole', [])
    await whole.until('produced')
    expect(whole.stderr).toMatch(/execution layer rollback successful/)
  }))

test('harm: a client with another genesis, one that takes another secret, none at all: the node ends in the words of the real one', () =>
  withClients(async (scratch, client) => {
    const own = await client('client')
    const { home, flags } = await chainOf(scratch, own)
    const other = await client('other', genesisOf('another word'))
    const swap = (name: string, value: string) => [...flags, name, value]
    const onOther = [...swap('--evm.eth-url', other.ethUrl), ...['--evm.engine-url', other.engineUrl]]
    const cases: [readonly string[], RegExp][] = [
      [onOther, /failed to replay block 1 to execution layer: .*prevStateRoot mismatch at height 0/],
      [
        swap('--evm.jwt-secret-file', other.jwtOf('cd'.repeat(32))),
        /failed to execute transactions: .*401 Unauthorized: token signature is invalid/s,
      ],
      [swap('--evm.jwt-secret-file', join(scratch.dir, 'none')), /failed to read JWT secret from file/],
      // Nobody listens on that address.
      [swap('--evm.eth-url', own.ethUrl.replace(/\/\/[\d.]+/, '//127.0.0.9')), /connect: connection refused/],
    ]
    for (const [given, words] of cases) {
      const node = scratch.start(home, given)
      expect(await node.ended()).toBe(1)
      expect(node.stderr).toMatch(words)
      expect(node.produced).toEqual([])
    }
  }))

test('harm: a full node that names another fee recipient builds other blocks unnoticed, and ends at the first that holds a transaction', () =>
  withClients(async (scratch, client) => {
    const [own, same, another] = [await client('a'), await client('b'), await client('c')]
    const home = await evmHome(scratch, 'node-1')
    const place = await placeFor(home, 'node-1')
    const follower = async (name: string, on: ClientProcess, ...flags: string[]) => {
      const at = await placeFor(await scratch.peerOf(home, name, { data: false }), name)
      const peers = memberFlags(at, [at, place]).slice(0, 6)
      return scratch.start(at.home, [
        ...peers,
        '--evnode.node.aggregator=false',
        ...(await on.flags()),
        ...flags,
      ])
    }
    scratch.start(home, [...singleFlags(place), ...(await own.flags())])
    await reaches(place, 2)
    const faithful = await follower('node-2', same)
    const parted = await follower('node-3', another, '--evm.fee-recipient', `0x${'7'.repeat(40)}`)
    const height = 5
    await until('both at a height', async () =>
      (await same.height()) >= height && (await another.height()) >= height ? true : undefined,
    )
    expect(await same.hashAt(height)).toBe(await own.hashAt(height))
    expect(await another.hashAt(height)).not.toBe(await own.hashAt(height))
    expect(await another.stateAt(height)).toBe(await own.stateAt(height))
    await own.eth('eth_sendRawTransaction', '0xc0ffee')
    expect(await parted.ended()).toBe(1)
    expect(parted.stderr).toMatch(/invalid state detected/)
    expect(faithful.isUp).toBe(true)
    expect(await faithful.stop()).toBe(0)
  }))

// Each wrong setting does its harm to a node that is started with it, and evha's own function refuses the same setting.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../src/evnode/config.ts'
import { configProblems } from '../../../src/evnode/config-problems.ts'
import { dangerousNames } from '../../../src/evnode/environment.ts'
import { type Member, raftChanges } from '../../../src/evnode/raft-changes.ts'
import { nodeTiming, timingAsked } from '../../../src/evnode/timing.ts'
import { said } from './said.ts'
import { memberFlags, placeFor, reaches, rpcOf, type Scratch, singleFlags, withScratch } from './stand.ts'

async function last(scratch: Scratch, home: string, flags: readonly string[], env = {}): Promise<string> {
  const node = scratch.start(home, flags, env)
  expect(await node.ended()).toBe(1)
  return node.last
}

async function two(scratch: Scratch) {
  const home = await scratch.newHome('node-1')
  const places = [await placeFor(home, 'node-1'), await placeFor(await scratch.newHome('node-2'), 'node-2')]
  const [place] = places
  if (place === undefined) throw new Error('no place')
  return { home, place, flags: memberFlags(place, places) }
}

const peerIds = [
  '12D3KooWEkCVgbDtbdhV1TM6NBQCZ4EjUvG5WRwTG8RyYpFogaX4',
  '12D3KooWMd9Pi4PCdDeaz4KSeKYxJfqwFXYHpDrydoNjvV9fHhc6',
  '12D3KooWQs2ja9QEgnPntCx1P82WDy8spbJgqD8vpq2McU9wAPU7',
]

/** What evha writes into node-1's evnode.yaml for a cluster at these addresses. */
function written(...addresses: string[]) {
  const members: Member[] = addresses.map((address, k) => ({
    nodeId: `node-${k + 1}`,
    address,
    raftPort: 5001,
    p2pPort: 26_656,
    peerId: peerIds[k] ?? '',
  }))
  return raftChanges({ node: 'node-1', members, timing: nodeTiming, raftDir: '/var/lib/ev-node/raft' })
}

test('an address that means every interface: the node exits at once; evha writes none', () =>
  withScratch(async (scratch) => {
    const { home, flags } = await two(scratch)
    for (const [address, spelled] of [
      ['0.0.0.0:5001', '0.0.0.0'],
      [':5001', ''],
      ['[::]:5001', '::'],
    ] as const) {
      expect(await last(scratch, home, [...flags, '--evnode.raft.raft_addr', address])).toBe(
        said('raft_addr 0.0.0.0:5001 or :5001'),
      )
      expect(() => written(spelled, '10.0.0.2', '10.0.0.3')).toThrow('refuses to advertise it')
    }
    expect(written('10.0.0.1', '10.0.0.2', '10.0.0.3')['raft.raft_addr']).toBe('10.0.0.1:5001')
  }))

test('lists of peers made by hand end the start; those of evha name all others, once and without the node', () =>
  withScratch(async (scratch) => {
    const { home, place, flags } = await two(scratch)
    const self = `${place.address}:${place.raftPort}`
    const peers = (list: string) => last(scratch, home, [...flags, '--evnode.raft.peers', list])
    const sample = said('self in raft.peers, other spelling').split('[')[0] ?? ''
    expect(await peers(`node-1@localhost:${place.raftPort}`)).toBe(
      `${sample}[{Voter node-1 ${self}} {Voter node-1 localhost:${place.raftPort}}]`,
    )
    expect(await peers(`node-2@${self}`)).toBe(
      said('two peers with one address').replace('127.0.0.1:5001', self),
    )
    expect(await peers('node-1:5001')).toBe(said('peer without node id'))
    // Byte-equal to the node itself: it starts, and bootstraps a cluster of itself alone.
    expect(said('self in raft.peers, byte-equal address')).toBe('(filtered by the node)')
    const alone = scratch.start(home, [...flags, '--evnode.raft.peers', `node-1@${self}`])
    expect((await alone.until('produced')).height).toBe(1)

    expect(written('10.0.0.1', '10.0.0.2', '10.0.0.3')['raft.peers']).toBe(
      'node-2@10.0.0.2:5001,node-3@10.0.0.3:5001',
    )
    expect(() => written('10.0.0.1', '10.0.0.1', '10.0.0.3')).toThrow('two members have the Raft address')
  }))

test('settings that exclude Raft end the start; evha finds them in the live configuration and refuses its own', () =>
  withScratch(async (scratch) => {
    const { home, flags } = await two(scratch)
    const ends = (...more: string[]) => last(scratch, home, [...flags, ...more])
    expect(
      await ends('--evnode.raft.heartbeat_timeout', '100ms', '--evnode.raft.leader_lease_timeout', '200ms'),
    ).toBe(said('lease timeout above heartbeat timeout'))
    expect(() => timingAsked({ heartbeatMs: 100, electionMs: 400, leaseMs: 200, sendMs: 50 })).toThrow(
      'can not be larger than the heartbeat timeout',
    )
    expect(await ends('--evnode.raft.raft_addr=')).toBe(said('raft_addr missing'))
    expect(await ends('--evnode.node.catchup_timeout', '0s')).toBe(said('catchup_timeout with raft'))
    expect(await ends('--evnode.node.aggregator=false')).toBe(said('raft without aggregator'))
    expect(await ends('--evnode.da.address=')).toBe(said('no DA address'))
    const live = readConfig(readFileSync(join(home, 'config', 'evnode.yaml'), 'utf8'), {
      'node.catchup_timeout': '5s',
      'node.aggregator': 'false',
      'da.address': '',
    })
    expect(blockers(live)).toEqual(
      expect.arrayContaining([
        'node.catchup_timeout is set',
        'node.aggregator is not true',
        'da.address is absent',
      ]),
    )
  }))

test('without a namespace each start writes to another one; evha refuses such a configuration', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const place = await placeFor(home, 'node')
    const yaml = join(home, 'config', 'evnode.yaml')
    const named = readFileSync(yaml, 'utf8')
    const namespaceOfStart = async () => {
      const node = scratch.start(home, singleFlags(place))
      await reaches(place, 1)
      const namespace = await rpcOf(place).namespace()
      await node.stop()
      return namespace.kind === 'ok' ? namespace.value.header : namespace.kind
    }
    const nameless = named.replace(/^ {2}namespace: test-ns\n/m, '')
    expect(nameless).not.toBe(named)
    writeFileSync(yaml, nameless)
    const [first, second] = [await namespaceOfStart(), await namespaceOfStart()]
    expect(first).toMatch(/^(0x)?[0-9a-f]{58}$/)
    expect(second).not.toBe(first)
    expect(blockers(readConfig(nameless))).toContain('da.namespace is absent')

    writeFileSync(yaml, named)
    expect(await namespaceOfStart()).toBe(await namespaceOfStart())
    expect(blockers(readConfig(named))).toEqual([])
  }))

test('environment variables that spoil the configuration: evha knows each by its name', () =>
  withScratch(async (scratch) => {
    const { home, place, flags } = await two(scratch)
    expect(await last(scratch, home, flags, { DA: 'x' })).toBe(said('environment variable DA set'))
    expect(await last(scratch, home, flags, { DB_PATH: 'x' })).toBe(said('environment variable DB_PATH set'))
    // The worst of them: a member that no longer knows of Raft signs alone.
    const yaml = join(home, 'config', 'evnode.yaml')
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/^( {2}enable: )false/m, '$1true'))
    expect(readConfig(readFileSync(yaml, 'utf8')).raft.enable).toBe(true)
    const alone = scratch.start(home, singleFlags(place), { RAFT: 'x' })
    expect((await alone.until('produced')).height).toBe(1)
    await alone.stop()
    expect(dangerousNames(['DA', 'DB_PATH', 'RAFT', 'HOME']).map(({ name }) => name)).toEqual([
      'DA',
      'DB_PATH',
      'RAFT',
    ])
  }))

function blockers(config: ReturnType<typeof readConfig>): string[] {
  return configProblems(config)
    .filter(({ blocks }) => blocks)
    .map(({ problem }) => problem)
}

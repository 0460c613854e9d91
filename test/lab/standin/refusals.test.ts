import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../evnode/fixture.ts'
import { memberFlags, placeFor, type Scratch, singleFlags, withScratch } from './stand.ts'

const recorded = new Map(
  fixture('errors.tsv')
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([name = '', , said = '']) => [name, said]),
)
const words = (name: string) => recorded.get(name) ?? `no recorded words for ${name}`

async function refused(scratch: Scratch, home: string, flags: readonly string[]): Promise<string> {
  const node = scratch.start(home, flags)
  expect(await node.ended()).toBe(1)
  expect(node.stderr).toContain('\nUsage:\n  testapp start [flags]\n')
  expect(node.stderr).toContain(`Error: ${node.last}\n`)
  return node.last
}

async function cluster(scratch: Scratch) {
  const home = await scratch.newHome('node-1')
  const places = [await placeFor(home, 'node-1'), await placeFor(await scratch.newHome('node-2'), 'node-2')]
  const [place] = places
  if (place === undefined) throw new Error('no place')
  return { home, place, flags: memberFlags(place, places) }
}

test('what Raft refuses at the start', () =>
  withScratch(async (scratch) => {
    const { home, place, flags } = await cluster(scratch)
    const address = `${place.address}:${place.raftPort}`
    const advertised = words('raft_addr 0.0.0.0:5001 or :5001')
    for (const everywhere of ['0.0.0.0:5001', ':5001', '[::]:5001'])
      expect(await refused(scratch, home, [...flags, '--evnode.raft.raft_addr', everywhere])).toBe(advertised)
    expect(await refused(scratch, home, [...flags, '--evnode.raft.raft_addr='])).toBe(
      words('raft_addr missing'),
    )
    expect(
      await refused(scratch, home, [...flags, '--evnode.raft.peers', `node-1@localhost:${place.raftPort}`]),
    ).toBe(
      `error while starting leader election: duplicate peers found in config: [{Voter node-1 ${address}} {Voter node-1 localhost:${place.raftPort}}]`,
    )
    expect(await refused(scratch, home, [...flags, '--evnode.raft.peers', `node-2@${address}`])).toBe(
      `error while starting leader election: bootstrap cluster: found duplicate address in configuration: ${address}`,
    )
    expect(await refused(scratch, home, [...flags, '--evnode.raft.peers', 'node-1:5001'])).toBe(
      words('peer without node id'),
    )
    expect(
      await refused(scratch, home, [
        ...flags,
        '--evnode.raft.heartbeat_timeout',
        '100ms',
        '--evnode.raft.leader_lease_timeout',
        '200ms',
      ]),
    ).toBe(words('lease timeout above heartbeat timeout'))
    expect(await refused(scratch, home, [...flags, '--evnode.node.aggregator=false'])).toBe(
      words('raft without aggregator'),
    )
    expect(await refused(scratch, home, [...flags, '--evnode.node.catchup_timeout', '0s'])).toBe(
      words('catchup_timeout with raft'),
    )
  }))

test('what a wrong command line or home is answered with', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const flags = singleFlags(await placeFor(home, 'node'))
    const passphrase = (file: string) => [...flags, '--evnode.signer.passphrase_file', file]
    const file = (name: string, text: string) => {
      writeFileSync(join(scratch.dir, name), text)
      return join(scratch.dir, name)
    }
    expect(await refused(scratch, home, [...flags, '--evnode.signer.passphrase', 'x'])).toBe(
      words('--evnode.signer.passphrase'),
    )
    expect(await refused(scratch, home, passphrase(file('wrong', 'another')))).toBe(words('wrong passphrase'))
    const empty = file('empty', ' \n')
    expect(await refused(scratch, home, passphrase(empty))).toBe(`passphrase file '${empty}' is empty`)
    const missing = join(scratch.dir, 'missing')
    expect(await refused(scratch, home, passphrase(missing))).toBe(
      words('missing passphrase file').replaceAll('/etc/ev-node/passphrase', missing),
    )
    expect(await refused(scratch, home, [...flags, '--evnode.da.address='])).toBe(words('no DA address'))
    const signer = join(home, 'config', 'signer.json')
    writeFileSync(signer, fixture('homes/node-1/signer.json'))
    expect(await refused(scratch, home, flags)).toContain('this is a stand-in and can not open it')
    rmSync(signer)
    expect(await refused(scratch, home, flags)).toBe(
      words('missing signer.json').replaceAll('/var/lib/ev-node/home/config/signer.json', signer),
    )
  }))

test('a home without genesis does not start, and neither does a signer the chain does not expect', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const flags = singleFlags(await placeFor(home, 'node'))
    const other = await scratch.newHome('other')
    const genesis = join(home, 'config', 'genesis.json')
    execFileSync('cp', [join(other, 'config', 'genesis.json'), genesis])
    expect(await refused(scratch, home, flags)).toBe(
      'failed to start executor: failed to initialize state: not a proposer',
    )
    rmSync(genesis)
    expect(await refused(scratch, home, flags)).toBe(
      `failed to load genesis: genesis file not found at path: ${genesis}`,
    )
  }))

test('flags stand before the file, in both spellings and under the old prefix', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const yaml = join(home, 'config', 'evnode.yaml')
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/address: http:\S+/, 'address: ""'))
    const place = await placeFor(home, 'node')
    const node = scratch.start(home, [
      ...singleFlags(place),
      '--rollkit.da.address=http://127.0.0.1:9',
      '--rollkit.node.block_time',
      '50ms',
    ])
    expect((await node.until('produced')).height).toBe(1)
  }))

test('net-info of a node that does not run', () =>
  withScratch(async (scratch) => {
    const { code, stderr } = await scratch.run('net-info', '--evnode.rpc.address', '127.0.0.1:1')
    expect(code).toBe(1)
    expect(stderr).toContain('GetNetInfo RPC: unavailable: dial tcp 127.0.0.1:1: connect: connection refused')
  }))

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noFeeRecipient } from '../../../src/evnode/execution.ts'
import { clientFindings, unnamedDisks } from '../../../src/steps/prepare/client-findings.ts'
import { oneClientTwice, placeFindings } from '../../../src/steps/prepare/client-place-findings.ts'
import { type ExecutionLook, readClientRoom, readJwt } from '../../../src/steps/prepare/execution-look.ts'
import type { Host } from '../../../src/steps/step.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

const hash = (digit: string) => `0x${digit.repeat(64)}`
const blockOf = (digit: string, feeRecipient = noFeeRecipient) => ({
  number: 41,
  hash: hash(digit),
  stateRoot: hash('5'),
  feeRecipient,
})
const block = (digit: string) => ({ kind: 'ok', value: { ...blockOf(digit), number: 0 } }) as const
const ok = <T>(value: T) => ({ kind: 'ok', value }) as const

const healthy: ExecutionLook = {
  host: 'node-2',
  client: {
    ethUrl: 'http://localhost:8545',
    engineUrl: 'http://localhost:8551',
    jwtSecretFile: '/etc/jwt',
    genesisHash: hash('a'),
    feeRecipient: noFeeRecipient,
  },
  chainId: ok('1234'),
  version: ok('reth/v1'),
  head: ok(41),
  genesis: block('a'),
  shared: {
    number: 41,
    stateRoot: hash('5'),
    chainStateRoot: hash('5'),
    blocks: { own: blockOf('7'), source: blockOf('7') },
  },
  lost: null,
  disk: { kind: 'seen', dir: '/reth', freeBytes: 100 * 1024 ** 3 },
  jwt: { kind: 'asked', answer: ok([]) },
}
const sameState = (own: ReturnType<typeof blockOf>) => ({
  number: 41,
  stateRoot: hash('5'),
  chainStateRoot: hash('5'),
  blocks: { own, source: blockOf('7') },
})
const here: ExecutionLook = { ...healthy, host: 'node-1' }
const found = (look: Partial<ExecutionLook>) => clientFindings({ ...healthy, ...look }, here, 42)

test('nothing is found of a client that stands where the chain does', () => {
  expect(found({})).toEqual([])
  expect(clientFindings(here, here, 42)).toEqual([])
})

test.each<[string, Partial<ExecutionLook>, string]>([
  [
    'is down',
    { head: { kind: 'closed', why: 'Connection refused' } },
    'blocks: its execution client at http://localhost:8545 does not answer (Connection refused)',
  ],
  [
    'hangs',
    { head: { kind: 'timeout', afterMs: 3_000 } },
    'blocks: its execution client at http://localhost:8545 does not answer within 3 s',
  ],
  [
    'is something else',
    { head: { kind: 'garbled', why: 'no JSON' } },
    'blocks: its execution client at http://localhost:8545 answers, but not as an execution client does',
  ],
  [
    'is of another chain',
    { chainId: ok('1') },
    'blocks: its execution client is of chain 1, that of node-1 of chain 1234',
  ],
  [
    'has another version',
    { version: ok('reth/v2') },
    'warns: its execution client is reth/v2, that of node-1 reth/v1',
  ],
  [
    'lacks the block',
    { shared: { number: 41, stateRoot: '', chainStateRoot: hash('5'), blocks: null } },
    'blocks: its execution client does not have block 41',
  ],
  [
    'has another state',
    {
      shared: {
        number: 41,
        stateRoot: hash('6'),
        chainStateRoot: hash('5'),
        blocks: { own: blockOf('8'), source: blockOf('7') },
      },
    },
    'blocks: its execution client has another state after block 41 than the chain',
  ],
  [
    'has another block of the same state',
    { shared: sameState(blockOf('8')) },
    'blocks: its execution client has another block 41 than that of node-1',
  ],
  [
    'pays its fees to somebody else',
    { shared: sameState(blockOf('8', '0xbb')) },
    `blocks: the blocks of its execution client pay their fees to 0xbb, those of node-1 to ${noFeeRecipient}`,
  ],
  [
    'needs what the store no longer has',
    { shared: null, lost: 7 },
    'blocks: the store of node-1 no longer has block 7, the first one that its execution client lacks',
  ],
  [
    'keeps its data elsewhere than it is said',
    { disk: { kind: 'missing', dir: '/reth' } },
    'blocks: there is no directory /reth, where the runbook says that its execution client keeps its data',
  ],
  [
    'has a disk that is nearly full',
    { disk: { kind: 'seen', dir: '/reth', freeBytes: 5_000_000_000 } },
    'warns: only 5000000000 bytes are free at /reth, where its execution client keeps its data',
  ],
  [
    'has a full disk',
    { disk: { kind: 'seen', dir: '/reth', freeBytes: 4_096 } },
    'blocks: only 4096 bytes are free at /reth, where its execution client keeps its data',
  ],
  ['has no JWT file', { jwt: { kind: 'missing' } }, 'blocks: there is no JWT file /etc/jwt'],
  [
    'has a JWT file that is closed',
    { jwt: { kind: 'closed' } },
    'blocks: the service user can not read /etc/jwt',
  ],
  ['has no secret', { jwt: { kind: 'noSecret' } }, 'blocks: /etc/jwt holds no secret of 32 bytes in hex'],
  [
    'takes another secret',
    { jwt: { kind: 'asked', answer: { kind: 'refused', status: 401, message: '' } } },
    'blocks: its execution client does not accept the secret in /etc/jwt',
  ],
  [
    'has no Engine API',
    { jwt: { kind: 'asked', answer: { kind: 'closed', why: '' } } },
    'blocks: the Engine API at http://localhost:8551 does not answer',
  ],
  [
    'has a JSON-RPC where its Engine API should be',
    { jwt: { kind: 'asked', answer: { kind: 'refused', status: 200, message: 'no such method' } } },
    'blocks: the Engine API at http://localhost:8551 answers, but not as an execution client does',
  ],
])('a client that %s is told in one sentence, with its cure', (_name, look, sentence) => {
  const findings = found(look)
  expect(findings.map(({ level, what }) => `${level}: ${what}`)).toEqual([sentence])
  for (const { cure, evidence, why } of findings)
    for (const text of [cure, evidence, why]) expect(text).toMatch(/\w{3}/)
})

test('another genesis is told against the flag and against the client of the source', () => {
  expect(found({ genesis: block('b') }).map(({ what }) => what)).toEqual([
    `its execution client has the genesis ${hash('b')}, the flags of the node say ${hash('a')}`,
    `its execution client has another genesis (${hash('b')}) than that of node-1`,
  ])
})

test('a client that is behind says what a leader on it would cost', () => {
  const [finding, ...more] = clientFindings({ ...healthy, head: ok(42) }, here, 1_042)
  expect(more).toEqual([])
  expect(finding).toMatchObject({
    level: 'warns',
    what: 'its execution client is at block 42, 1000 behind the chain',
  })
  expect(finding?.why).toContain('about 270 s')
})

test('the secret of a JWT file is read through a real shell, and what keeps it from being read is said', () => {
  const dir = scratch()
  const file = join(dir, 'jwt')
  const look = (path: string, user = '') => locally(readJwt(path, user)).stdout
  expect(look(file)).toBe('state missing\n')
  writeFileSync(file, ` 0x${'ab'.repeat(32)}\n`)
  chmodSync(file, 0o600)
  expect(look(file)).toMatch(/^secret 0x(ab){32}\nnow \d{10}\n$/)
  if (process.getuid?.() === 0) expect(look(file, 'nobody')).toBe('state closed\n')
  expect(readJwt(file, '').sensitive).toBe(true)
})

const host = (name: string, execution: NonNullable<Host['spec']['execution']>, address = `${name}.lan`) =>
  ({
    spec: { ...nodeIn('/x'), name, address, ssh: { host: `${name}.example` }, execution },
  }) as unknown as Host
const asked = ({ host, level, what }: { host: string; level: string; what: string }) =>
  `${host} ${level}: ${what}`

test('two nodes with one client are told, by whatever name; on loopback each host has its own', () => {
  const told = (one: string, other: string) =>
    oneClientTwice(
      [
        host('node-1', { ethUrl: 'http://localhost:1', engineUrl: one }),
        host('node-2', { ethUrl: 'http://localhost:1', engineUrl: other }),
      ],
      healthy.client,
    ).map(asked)
  const same = (url: string) => [
    `node-2 blocks: it has the same execution client as node-1: Engine API at ${url}`,
  ]
  expect(told('http://10.0.0.9:8551', 'http://10.0.0.9:8551')).toEqual(same('http://10.0.0.9:8551'))
  expect(told('http://10.0.0.9:8551', 'http://10.0.0.8:8551')).toEqual([])
  expect(told('http://localhost:8551', 'http://127.0.0.1:8551')).toEqual([])
  // node-1's own, by the address under which the others reach it.
  expect(told('http://localhost:8551', 'http://node-1.lan:8551')).toEqual(same('http://node-1.lan:8551'))
  expect(told('http://node-1.example:8551', 'http://node-1.lan:8551')).toEqual(same('http://node-1.lan:8551'))
  expect(told('http://node-2.lan:8551', 'http://node-1.lan:8551')).toEqual([])
})

test('one JSON-RPC for two nodes is told as well', () => {
  const eth = { ethUrl: 'http://10.0.0.9:8545', engineUrl: 'http://localhost:8551' }
  expect(oneClientTwice([host('node-1', eth), host('node-2', eth)], healthy.client).map(asked)).toEqual([
    'node-2 blocks: it has the same execution client as node-1: JSON-RPC at http://10.0.0.9:8545',
  ])
})

test('a client on another host, an address that is no HTTP, and one with a key in it are told', () => {
  const own = { ethUrl: 'http://localhost:8545', engineUrl: 'http://localhost:8551' }
  const placed = (client: Partial<ExecutionLook['client']>, execution = {}) =>
    placeFindings([host('node-1', execution)], { ...healthy.client, ...client })
  expect(placed(own)).toEqual([])
  expect(placed({ engineUrl: 'http://node-1.lan:8551' })).toEqual([])
  expect(placed({ engineUrl: 'http://10.0.0.9:8551' }).map(asked)).toEqual([
    'node-1 warns: its execution client is on another host: 10.0.0.9',
  ])
  expect(placed({ ethUrl: 'ws://localhost:8546' }).map(asked)).toEqual([
    "node-1 blocks: the address of its execution client's JSON-RPC is no HTTP address",
  ])
  expect(placed({ ethUrl: '/run/reth.ipc' }, own)).toEqual([])
  const keyed = placed({ ethUrl: 'https://rpc.example/v3/0123key' })
  expect(keyed.map(asked)).toEqual([
    "node-1 blocks: the address of its execution client's JSON-RPC carries a login or a path",
  ])
  expect(JSON.stringify(keyed)).not.toContain('0123key')
})

test('the blocks of the sequencer against its own flag: one that was changed since its start is told', () => {
  const changed = { ...here, shared: sameState(blockOf('7', '0xbb')) }
  expect(clientFindings(changed, changed, 42).map(asked)).toEqual([
    `node-1 warns: its blocks pay their fees to 0xbb, its unit says --evm.fee-recipient ${noFeeRecipient}`,
  ])
})

test('disks that nobody named are noted once for all', () => {
  const looks = ['node-1', 'node-2'].map((host) => ({ ...healthy, host, disk: { kind: 'unnamed' } as const }))
  expect(unnamedDisks(looks).map(asked)).toEqual([
    'node-1 notes: where the execution clients keep their data is not said: their disks were not looked at (node-1, node-2)',
  ])
  expect(unnamedDisks([healthy])).toEqual([])
})

test('a client behind TLS that does not answer is told with what its certificate must be', () => {
  const client = { ...healthy.client, ethUrl: 'https://10.0.0.9:8545' }
  const silent = { kind: 'closed', why: 'self-signed certificate' } as const
  const [finding, ...more] = found({ client, head: silent })
  expect(more).toEqual([])
  expect(finding).toMatchObject({
    what: 'its execution client at https://10.0.0.9:8545 does not answer (self-signed certificate)',
    cure: expect.stringMatching(
      /^see that its certificate is one that is trusted and names 10\.0\.0\.9, or name a plain/,
    ),
  })
})

test('the room for a client is read through a real shell', () => {
  const dir = scratch()
  expect(locally(readClientRoom(dir)).stdout).toMatch(/^free \d+\n$/)
  expect(locally(readClientRoom(join(dir, 'no'))).stdout).toBe('')
})

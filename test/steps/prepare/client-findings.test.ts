import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noFeeRecipient } from '../../../src/evnode/execution.ts'
import { clientFindings } from '../../../src/steps/prepare/client-findings.ts'
import { oneClientTwice } from '../../../src/steps/prepare/execution-findings.ts'
import { type ExecutionLook, readJwt } from '../../../src/steps/prepare/execution-look.ts'
import type { Host } from '../../../src/steps/step.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

const hash = (digit: string) => `0x${digit.repeat(64)}`
const block = (digit: string) =>
  ({ kind: 'ok', value: { number: 0, hash: hash(digit), stateRoot: hash('5') } }) as const
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
  shared: { number: 41, stateRoot: hash('5'), chainStateRoot: hash('5') },
  jwt: { kind: 'asked', answer: ok([]) },
}
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
    { shared: { number: 41, stateRoot: '', chainStateRoot: hash('5') } },
    'blocks: its execution client does not have block 41',
  ],
  [
    'has another state',
    { shared: { number: 41, stateRoot: hash('6'), chainStateRoot: hash('5') } },
    'blocks: its execution client has another state after block 41 than the chain',
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

test('two nodes with one client are told; on loopback each host has its own', () => {
  const { client } = healthy
  const host = (name: string, execution: NonNullable<Host['spec']['execution']>) =>
    ({ spec: { ...nodeIn('/x'), name, ssh: { host: `${name}.example` }, execution } }) as unknown as Host
  const told = (one: string, other: string) =>
    oneClientTwice([host('node-1', { engineUrl: one }), host('node-2', { engineUrl: other })], client).map(
      ({ host, what }) => `${host}: ${what}`,
    )
  expect(told('http://10.0.0.9:8551', 'http://10.0.0.9:8551')).toEqual([
    'node-2: it has the same execution client as node-1: http://10.0.0.9:8551',
  ])
  expect(told('http://10.0.0.9:8551', 'http://10.0.0.8:8551')).toEqual([])
  expect(told('http://localhost:8551', 'http://127.0.0.1:8551')).toEqual([])
})

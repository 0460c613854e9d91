import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { EvhaError } from '../../src/base/errors.ts'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { fixture } from './fixture.ts'

const recorded = fixture('homes/node-1/evnode.yaml')
const lines = (text: string) => text.split('\n')

test('a recorded configuration, as evha needs it', () => {
  expect(readConfig(recorded)).toMatchObject({
    dbPath: 'data',
    rpc: { host: '127.0.0.1', port: 7331 },
    p2pListen: '/ip4/0.0.0.0/tcp/7676',
    p2pPort: 7676,
    p2pPeers: [],
    daAddress: 'http://10.77.0.6:7980',
    daNamespace: 'lab-ns',
    daAuthToken: undefined,
    blockTimeMs: 100,
    lazyMode: false,
    lazyIntervalMs: 60_000,
    aggregator: true,
    catchupTimeoutMs: 0,
    signerType: 'file',
    signerPath: '/var/lib/ev-node/home/config',
    raft: { enable: false, heartbeatMs: 350, electionMs: 1000, leaseMs: 175, sendMs: 200, peers: [] },
  })
})

test("an empty file has the node's defaults", () => {
  expect(readConfig('')).toMatchObject({
    dbPath: 'data',
    rpc: { host: '127.0.0.1', port: 7331 },
    aggregator: false,
    daAddress: '',
    daNamespace: '',
    blockTimeMs: 1000,
    signerPath: 'config',
  })
})

test('flags stand before the file', () => {
  const config = readConfig(recorded, {
    'node.block_time': '1s',
    'node.aggregator': 'false',
    'da.namespace': 'other',
  })
  expect(config).toMatchObject({ blockTimeMs: 1000, aggregator: false, daNamespace: 'other' })
})

test('keys count in any case, as the node reads them', () => {
  expect(readConfig('Node:\n  Aggregator: true\nDA:\n  Namespace: x\n')).toMatchObject({
    aggregator: true,
    daNamespace: 'x',
  })
  expect(mergeConfig('Raft:\n  Enable: false\n', { 'raft.enable': true })).toEqual({
    text: 'Raft:\n  Enable: true\n',
    diff: ['raft.enable: false -> true'],
  })
})

test.each([
  ['0.0.0.0:7331', '127.0.0.1', 7331],
  [':26657', '127.0.0.1', 26657],
  ['[::]:7331', '127.0.0.1', 7331],
  ['10.0.0.7:1', '10.0.0.7', 1],
  ['[fd00::1]:7331', 'fd00::1', 7331],
])('rpc.address %s is asked at %s port %i', (address, host, port) => {
  expect(readConfig(`rpc:\n  address: "${address}"\n`).rpc).toEqual({ host, port })
})

test('a token is a secret from the first moment', () => {
  const { daAuthToken } = readConfig('da:\n  auth_token: abc-123\n')
  expect(daAuthToken?.reveal().toString()).toBe('abc-123')
  expect(JSON.stringify(daAuthToken)).toBe('"[redacted]"')
})

test('a change touches its own line only, comments and all others stay', () => {
  const { text, diff } = mergeConfig(recorded, {
    'raft.enable': true,
    'raft.peers': 'node-2@10.0.0.2:5001,node-3@10.0.0.3:5001',
    'node.block_time': '1s',
    'da.batch_size_threshold': '0.5',
  })
  const changed = lines(text).filter((line, index) => line !== lines(recorded)[index])
  expect(changed).toEqual([
    '  block_time: 1s',
    '  batch_size_threshold: 0.5',
    '  enable: true',
    '  peers: "node-2@10.0.0.2:5001,node-3@10.0.0.3:5001"',
  ])
  expect(lines(text)).toHaveLength(lines(recorded).length)
  expect(diff).toEqual([
    'raft.enable: false -> true',
    'raft.peers: "" -> node-2@10.0.0.2:5001,node-3@10.0.0.3:5001',
    'node.block_time: 100ms -> 1s',
    'da.batch_size_threshold: 0.8 -> 0.5',
  ])
})

test('what is set already changes nothing, to the byte', () => {
  const odd = '# mine\nraft:   {enable: true}   # all in one\n'
  expect(mergeConfig(odd, { 'raft.enable': true })).toEqual({ text: odd, diff: [] })
  expect(mergeConfig(recorded, {})).toEqual({ text: recorded, diff: [] })
})

test('absent sections and empty ones are made', () => {
  const { text, diff } = mergeConfig('p2p:\nda:\n  address: x\n', {
    'raft.enable': true,
    'p2p.peers': '/a,/b',
  })
  expect(parse(text)).toEqual({ p2p: { peers: '/a,/b' }, da: { address: 'x' }, raft: { enable: true } })
  expect(diff).toEqual(['raft.enable: (absent) -> true', 'p2p.peers: (absent) -> /a,/b'])
  expect(parse(mergeConfig('', { 'raft.snap_count': 3 }).text)).toEqual({ raft: { snap_count: 3 } })
})

test('text stays text where the file has text', () => {
  const { text } = mergeConfig('da:\n  namespace: old\n', { 'da.namespace': '12345' })
  expect(parse(text)).toEqual({ da: { namespace: '12345' } })
})

test('a list from a flag becomes a list', () => {
  const { text, diff } = mergeConfig(recorded, { 'da.signing_addresses': 'a,b' })
  expect(parse(text)).toMatchObject({ da: { signing_addresses: ['a', 'b'] } })
  expect(diff).toEqual(['da.signing_addresses: [] -> ["a","b"]'])
  expect(mergeConfig(text, { 'da.signing_addresses': 'a,b' }).diff).toEqual([])
})

test('a token never stands in a diff', () => {
  const { diff } = mergeConfig('da:\n  auth_token: old-token\n', { 'da.auth_token': 'new-token' })
  expect(diff).toEqual(['da.auth_token: [redacted] -> [redacted]'])
})

test.each(['pruning.pruning_mode', 'signer.signer_type', 'db_path', 'p2p.blocked_peers', 'raft'])(
  '%s is not ours to change',
  (key) => {
    expect(() => mergeConfig(recorded, { [key]: 'x' })).toThrow('evha does not touch')
  },
)

test.each(['a: [', '- list', 'a: 1\na: 2\n'])('%s is refused as usage', (text) => {
  expect(() => readConfig(text)).toThrow(EvhaError)
  expect(() => readConfig(text)).toThrow(/evnode\.yaml can not be read/)
})

// A file from a host may be truncated, foreign, or no text at all. Whatever it is, a parser answers or refuses with an
// EvhaError; it never stumbles, and never hangs.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { Secret } from '../../src/base/secret.ts'
import {
  blockOf,
  decodeHeader,
  type Header,
  headerOf,
  libp2pPublicKey,
  verifySignature,
} from '../../src/evnode/block.ts'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { configProblems } from '../../src/evnode/config-problems.ts'
import { daClient, daTarget } from '../../src/evnode/da.ts'
import { decodeHeaderBlob } from '../../src/evnode/da-blob.ts'
import { jwtSecretIn } from '../../src/evnode/engine-token.ts'
import { environmentFiles, environmentText } from '../../src/evnode/environment.ts'
import { explainError, memberNeverIn } from '../../src/evnode/errors.ts'
import { execWords, parseExecLine } from '../../src/evnode/exec-start.ts'
import { executionClientOf, executionFlagProblems } from '../../src/evnode/execution.ts'
import { askEngine, executionRpc } from '../../src/evnode/execution-rpc.ts'
import { readGenesis } from '../../src/evnode/genesis.ts'
import { durationMs } from '../../src/evnode/go-duration.ts'
import { urlTarget, withoutLogin } from '../../src/evnode/json-rpc.ts'
import { readLogLine } from '../../src/evnode/log-line.ts'
import { eventOf, readLog } from '../../src/evnode/logs.ts'
import { homeOfStart, isNodeStart, nodeCommand } from '../../src/evnode/node-command.ts'
import { peerIdOf } from '../../src/evnode/peer-id.ts'
import { nodeRpc, type Open } from '../../src/evnode/rpc.ts'
import { counterIn, namespacesIn, netInfoIn, stateIn, storesIn } from '../../src/evnode/rpc-answers.ts'
import { readSigner } from '../../src/evnode/signer.ts'
import { readOfflineHeight, storeAmong } from '../../src/evnode/store.ts'
import { parseUnit } from '../../src/evnode/unit-file.ts'
import { fullNodeUnit } from '../../src/evnode/unit-full-node.ts'
import { unitProblems } from '../../src/evnode/unit-problems.ts'
import { raftUnit, withoutReplaced } from '../../src/evnode/unit-raft.ts'
import { versionProblem } from '../../src/evnode/version.ts'
import { fieldsOf } from '../../src/evnode/wire.ts'
import { fixture } from './fixture.ts'

const yaml = fixture('homes/node-1/evnode.yaml')
const genesis = fixture('homes/node-1/genesis.json')
const signer = fixture('homes/node-1/signer.json')
const nodeKey = fixture('homes/node-1/node_key.json')
const log = fixture('logs/raft-late-joiner-crash-loop.log')
const unit = `[Unit]
Description=node
[Service]
EnvironmentFile=-/etc/default/ev-node
Environment="A=b c" D=e
ExecStart=/usr/local/bin/node start --home /var/lib/node \\
  --evnode.node.block_time=1s --rollkit.da.address 'http://da'
Restart=always
`

/** A recorded text with something cut out of it, and something else put there. */
const broken = (good: string) =>
  fc
    .tuple(
      fc.nat(good.length),
      fc.nat(200),
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\t', '{', '"', '&a *a', '<<:', '\0', '\\'),
      ),
    )
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut))

const textOf = (good: string) => fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), broken(good))

const own = { source: '10.0.0.1', own: '10.0.0.2' }
const header = headerOf(JSON.parse(fixture('rpc/raft-GetBlock-21.json'))) as Header

const parsers: readonly (readonly [name: string, parse: (text: string) => unknown, good: string])[] = [
  ['readConfig', (text) => configProblems(readConfig(text)), yaml],
  ['mergeConfig', (text) => mergeConfig(text, { 'raft.enable': true, 'p2p.peers': 'a' }), yaml],
  ['readGenesis', readGenesis, genesis],
  ['isNodeStart', (text) => isNodeStart(text.split(/\s/)), 'node start --home /var/lib/node'],
  ['storeAmong', (text) => storeAmong(text.split(/\s/)), 'testapp executor'],
  ['readSigner', readSigner, signer],
  ['peerIdOf', peerIdOf, nodeKey],
  ['parseUnit', (text) => unitProblems(parseUnit(text)), unit],
  ['nodeCommand', (text) => nodeCommand(parseUnit(text)), unit],
  [
    'parseUnit of a drop-in',
    (text) => nodeCommand(parseUnit(unit, [{ name: 'x.conf', text }])),
    '[Service]\nRestart=no\n',
  ],
  ['execWords', (text) => [execWords(text), parseExecLine(text)], 'a "b c" \'d\' \\x41 %n ${E}'],
  ['durationMs', durationMs, '1h2m3.5s'],
  ['readLog', readLog, log],
  ['explainError', (text) => explainError(text) ?? '', log.slice(0, 400)],
  ['memberNeverIn', memberNeverIn, log.slice(0, 400)],
  ['eventOf', (text) => eventOf(text) ?? readLogLine(text), log.split('\n')[0] ?? ''],
  [
    'readOfflineHeight',
    readOfflineHeight,
    'current height 39 is already less than or equal to rollback height 1',
  ],
  ['daTarget', daTarget, 'http://user@[::1]:7980/path?x'],
  ['raftUnit', (text) => raftUnit(parseUnit(text), { home: '/h', address: own, passphraseFile: '/p' }), unit],
  [
    'fullNodeUnit',
    (text) =>
      fullNodeUnit(parseUnit(text), {
        home: '/h',
        binary: '/b',
        p2pListen: '/ip4/127.0.0.1/tcp/1',
        p2pPeers: [],
        rpcAddress: '127.0.0.1:2',
        permit: '/p',
      }),
    unit,
  ],
  ['withoutReplaced', withoutReplaced, unit],
  ['environmentText', (text) => [environmentText(parseUnit(text)), environmentFiles(parseUnit(text))], unit],
  ['homeOfStart', (text) => homeOfStart(text.split(' '), '/w') ?? '', '/bin/x start --home d'],
  [
    'executionClientOf',
    (text) => {
      const command = nodeCommand(parseUnit(text))
      return [executionClientOf(command), executionFlagProblems(command)]
    },
    unit,
  ],
  ['urlTarget', (text) => [urlTarget(text), withoutLogin(text)], 'http://a:b@[::1]:8545/key'],
  ['jwtSecretIn', jwtSecretIn, 'ab'.repeat(32)],
  ['versionProblem', (text) => versionProblem(text) ?? '', 'evolve version: v1.2.3'],
  ['verifySignature', (text) => verifySignature(header, text, libp2pPublicKey(Buffer.from(text))), 'AAAA'],
]

test.each(parsers)('%s reads what was recorded', (_name, parse, good) => {
  expect(parse(good)).toBeDefined()
})

test.each(parsers)('%s answers or refuses, whatever it is given', (_name, parse, good) => {
  fc.assert(
    fc.property(textOf(good), (text) => {
      try {
        parse(text)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EvhaError)
        expect((thrown as EvhaError).message.length).toBeLessThan(2_000)
      }
    }),
    { numRuns: 300 },
  )
})

describe('answers over the wire', () => {
  const readers = { blockOf, headerOf, stateIn, storesIn, namespacesIn, counterIn, netInfoIn }
  test.each(Object.entries(readers))('%s has a value or none for any JSON', (_name, read) => {
    const state = fixture('rpc/raft-GetState.json')
    fc.assert(
      fc.property(
        fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), broken(state).map(orEmpty)),
        (answer) => {
          expect(() => (read as (answer: Readonly<Record<string, unknown>>) => unknown)(answer)).not.toThrow()
        },
      ),
      { numRuns: 300 },
    )
  })

  test.each(Object.entries({ decodeHeader, decodeHeaderBlob, fieldsOf }))(
    '%s has a value or none for any bytes',
    (_name, decode) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
          expect(() => decode(Buffer.from(bytes))).not.toThrow()
        }),
        { numRuns: 500 },
      )
    },
  )
})

/** A stream that gives these bytes to whatever is asked. */
function bytesAs(bytes: string): Open {
  return () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    stream.push(Buffer.from(bytes))
    stream.push(null)
    return Promise.resolve(stream)
  }
}

const httpAnswer = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

test('DA, RPC and an execution client may answer with anything, in HTTP or not', async () => {
  const daOptions = { address: 'http://da:7980', timeoutMs: 5_000 }
  const good = fixture('da/GetAll-8.json')
  const inHttp = fc.oneof(textOf(good), fc.json().map(inResult)).map(httpAnswer)
  await fc.assert(
    fc.asyncProperty(fc.oneof(inHttp, textOf(httpAnswer(good))), async (bytes) => {
      const open = bytesAs(bytes)
      const da = daClient(open, daOptions)
      const rpc = nodeRpc(open, { timeoutMs: 5_000 })
      const target = { host: 'h', port: 1, tls: false, path: '/' }
      const limits = { timeoutMs: 5_000 }
      const client = executionRpc(open, target, limits)
      const answers = [
        client.chainId(),
        client.version(),
        client.head(),
        client.block(7),
        askEngine(open, target, new Secret('s'), 0, limits),
        da.localHead(),
        da.headerBlobs(8, '00'.repeat(29)),
        rpc.state(),
        rpc.raftNode(),
        rpc.block(7),
      ]
      for (const answer of await Promise.all(answers)) expect(answer.kind).toMatch(/./)
    }),
    { numRuns: 120 },
  )
})

const inResult = (json: string) => `{"jsonrpc":"2.0","id":1,"result":${json}}`

/** Functions of src/evnode that take text or bytes of evha's own making, and read nothing from a host. */
const makers = new Set([
  'base58',
  'dataHashOf',
  'databasesOf',
  'execQuote',
  'ballastDir',
  'homeFiles',
  'libp2pPublicKey',
  'linked',
  'namespaceHexOf',
  'peerIdOfPublicKey',
  'printPublicKey',
  'proposerAddressOf',
  'publicKeyOfSeed',
  'signerOfPublicKey',
])
/** Read by others that stand here. */
const within: Readonly<Record<string, string>> = {
  bytesField: 'readSigner',
  configDocument: 'readConfig',
  dangerousNames: 'unitProblems',
  isObject: 'stateIn',
  objectIn: 'readGenesis',
  objectOr: 'nodeRpc',
  rawPublicKey: 'verifySignature',
  readVarint: 'fieldsOf',
  readVersion: 'versionProblem',
  signedBy: 'verifySignature',
  textField: 'readGenesis',
  unitEntries: 'parseUnit',
  unitEnvironment: 'unitProblems',
  unitList: 'unitProblems',
  unitValue: 'unitProblems',
  wholeOf: 'stateIn',
}

test('every function of src/evnode that reads text, bytes or JSON is given anything here', () => {
  const dir = join(import.meta.dirname, '..', '..', 'src', 'evnode')
  const takes =
    /^export (?:async )?(?:function|const) (\w+)(?: = )?\(\s*[^):]+: (?:readonly )?(?:string|Buffer|Unit|unknown|Json)\b/gm
  const found = readdirSync(dir).flatMap((name) =>
    [...readFileSync(join(dir, name), 'utf8').matchAll(takes)].map(([, made = '']) => made),
  )
  const here = readFileSync(import.meta.filename, 'utf8').split('/** Functions of src/evnode')[0] ?? ''
  const isHere = (name: string) => new RegExp(`\\b${name}\\b`).test(here.replace(/^import .*$/gm, ''))
  expect(found.length).toBeGreaterThan(40)
  expect(found.filter((name) => !makers.has(name) && !isHere(within[name] ?? name))).toEqual([])
})

test.each([
  ['tabs', 'node:\n\taggregator: true\n'],
  ['anchors and aliases', 'a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n'],
  [
    'aliases that grow',
    `a: &a [x,x]\n${'bcdefghijklmnop'.replace(/./g, (k) => `${k}: &${k} [*a,*a,*a,*a,*a,*a]\n`)}`,
  ],
  ['two documents', 'a: 1\n---\nb: 2\n'],
  ['one key twice', 'node:\n  aggregator: true\nnode:\n  light: true\n'],
])('YAML with %s is read or refused in one sentence', (_name, text) => {
  try {
    expect(readConfig(text).rpc.port).toBeGreaterThan(0)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EvhaError)
    expect((thrown as EvhaError).message.split('\n')).toHaveLength(1)
  }
})

test('a unit with three ExecStart lines is refused as such', () => {
  const three = unit.replace('ExecStart=', 'ExecStart=/bin/true\nExecStart=/bin/false\nExecStart=')
  expect(unitProblems(parseUnit(three)).map(({ problem }) => problem)).toEqual([
    expect.stringMatching(/ExecStart/),
  ])
})

/** What is no JSON any more would never reach a reader. */
function orEmpty(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

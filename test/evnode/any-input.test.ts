// A file from a host may be truncated, foreign, or no text at all. Whatever it is, a parser answers or refuses with an
// EvhaError; it never stumbles, and never hangs.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { blockOf, decodeHeader, headerOf } from '../../src/evnode/block.ts'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { configProblems } from '../../src/evnode/config-problems.ts'
import { daTarget } from '../../src/evnode/da.ts'
import { decodeHeaderBlob } from '../../src/evnode/da-blob.ts'
import { namespaceHexOf } from '../../src/evnode/da-namespace.ts'
import { explainError } from '../../src/evnode/errors.ts'
import { execWords, parseExecLine } from '../../src/evnode/exec-start.ts'
import { readGenesis } from '../../src/evnode/genesis.ts'
import { durationMs } from '../../src/evnode/go-duration.ts'
import { readLog } from '../../src/evnode/logs.ts'
import { nodeCommand } from '../../src/evnode/node-command.ts'
import { peerIdOf } from '../../src/evnode/peer-id.ts'
import { counterIn, namespacesIn, netInfoIn, stateIn, storesIn } from '../../src/evnode/rpc-answers.ts'
import { readSigner } from '../../src/evnode/signer.ts'
import { readOfflineHeight } from '../../src/evnode/store.ts'
import { parseUnit } from '../../src/evnode/unit-file.ts'
import { unitProblems } from '../../src/evnode/unit-problems.ts'
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

const parsers: readonly (readonly [name: string, parse: (text: string) => unknown, good: string])[] = [
  ['readConfig', (text) => configProblems(readConfig(text)), yaml],
  ['mergeConfig', (text) => mergeConfig(text, { 'raft.enable': true, 'p2p.peers': 'a' }), yaml],
  ['readGenesis', readGenesis, genesis],
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
  ['explainError', explainError, log.slice(0, 400)],
  [
    'readOfflineHeight',
    readOfflineHeight,
    'current height 39 is already less than or equal to rollback height 1',
  ],
  ['daTarget', daTarget, 'http://user@[::1]:7980/path?x'],
  ['namespaceHexOf', namespaceHexOf, '0x00'],
]

test.each(parsers)('%s reads what was recorded', (name, parse, good) => {
  // The phrases of an error may fit or not; everything else must be read.
  if (name !== 'explainError') expect(parse(good)).toBeDefined()
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

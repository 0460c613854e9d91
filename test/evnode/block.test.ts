import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  blockHash,
  blockOf,
  blockTimeMs,
  decodeHeader,
  encodeHeader,
  headerOf,
  linked,
  verifySignature,
} from '../../src/evnode/block.ts'
import { dataHashOf } from '../../src/evnode/block-data.ts'
import { fixture } from './fixture.ts'

const recorded = (path: string) => {
  const block = blockOf(JSON.parse(fixture(path)))
  if (block === undefined) throw new Error(`no block in ${path}`)
  return block
}
const chain = ['da/block-1.json', 'da/block-2.json', 'da/block-3.json'].map(recorded)
const pairs = [
  [chain[0], chain[1]],
  [chain[1], chain[2]],
  [recorded('rpc/raft-GetBlock-21.json'), recorded('rpc/raft-GetBlock-22.json')],
] as const

test.each(pairs)('the hash computed for a recorded block is named by the next one', (block, next) => {
  if (block === undefined || next === undefined) throw new Error('no pair')
  expect(next.header.height).toBe(block.header.height + 1)
  expect(block.hash).toBe(next.header.lastHeaderHash)
  expect(linked(block.hash, next.header)).toBe(true)
  expect(linked(next.hash, next.header)).toBe(false)
  expect(linked('', { ...next.header, lastHeaderHash: '' })).toBe(false)
})

test.each([...chain, pairs[2][0], pairs[2][1]])('the signature of a recorded block holds', (block) => {
  const { header, signature, signerPubKey } = block
  expect(verifySignature(header, signature, signerPubKey)).toBe(true)
  expect(
    verifySignature({ ...header, timeNs: `${header.timeNs.slice(0, -1)}0` }, signature, signerPubKey),
  ).toBe(header.timeNs.endsWith('0'))
  expect(verifySignature({ ...header, proposerAddress: header.dataHash }, signature, signerPubKey)).toBe(
    false,
  )
  expect(verifySignature(header, signature, pairs[2][0] === block ? 'CAES' : '')).toBe(false)
  expect(verifySignature(header, '', signerPubKey)).toBe(false)
})

test('a valid signature by a key that is not the proposer does not count', () => {
  const foreign = chain[0]
  const own = pairs[2][0]
  expect(verifySignature(own.header, own.signature, foreign?.signerPubKey ?? '')).toBe(false)
})

test('the fields of a recorded block', () => {
  const block = recorded('rpc/raft-GetBlock-21.json')
  expect(block.header).toMatchObject({ height: 21, chainId: 'lab-chain', timeNs: '1795422648690568846' })
  expect(block).toMatchObject({ headerDaHeight: 90, dataDaHeight: 90, transactionCount: 0 })
  expect(blockTimeMs(block.header)).toBeCloseTo(1795422648690.5688, 3)
  expect(recorded('da/block-3.json').transactionCount).toBe(2)
})

test('the data hash of recorded blocks follows from their transactions', () => {
  expect(dataHashOf([])).toBe(chain[0]?.header.dataHash)
  expect(dataHashOf([Buffer.from('a1=v1'), Buffer.from('a2=v2')])).toBe(chain[2]?.header.dataHash)
})

test.each([
  ['nothing', undefined],
  ['a text', 'x'],
  ['an error', { code: 'internal', message: 'failed' }],
  ['a block without height', { block: { header: { header: { version: {}, time: '1' } } } }],
  ['a height that is no number', { block: { header: { header: { height: 'x', time: '1' } } } }],
  [
    'a height beyond counting',
    { block: { header: { header: { height: '18446744073709551615', time: '1' } } } },
  ],
])('%s is no header', (_, answer) => {
  expect(headerOf(answer)).toBeUndefined()
  expect(blockOf(answer)).toBeUndefined()
})

const base64 = (min: number) =>
  fc.uint8Array({ minLength: min, maxLength: 300 }).map((b) => Buffer.from(b).toString('base64'))
const anyHeader = fc.record({
  versionBlock: fc.nat(),
  versionApp: fc.nat(),
  height: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  timeNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  lastHeaderHash: base64(0),
  dataHash: base64(0),
  appHash: base64(0),
  proposerAddress: base64(1),
  validatorHash: base64(0),
  chainId: fc.string({ unit: 'grapheme' }),
})

test('every header comes back from its encoding, and the encoding is stable', () => {
  fc.assert(
    fc.property(anyHeader, (header) => {
      const bytes = encodeHeader(header)
      expect(decodeHeader(bytes)).toEqual(header)
      expect(blockHash(header)).toBe(blockHash({ ...header }))
    }),
  )
})

test('bytes that are no header are refused without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const header = decodeHeader(Buffer.from(bytes))
      if (header !== undefined) expect(header.height).toBeGreaterThan(0)
    }),
  )
})

import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { base58, peerIdOf, peerIdOfPublicKey } from '../../src/evnode/peer-id.ts'
import { fixture } from './fixture.ts'

const recorded = fixture('homes/expected.txt')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

test.each(recorded)('%s has the peer id that the running node reported', (node, peerId) => {
  expect(peerIdOf(fixture(`homes/${node}/node_key.json`))).toBe(peerId)
})

test('a key file without the private key is enough', () => {
  const { pub_key } = JSON.parse(fixture('homes/node-1/node_key.json')) as { pub_key: string }
  expect(peerIdOf(JSON.stringify({ pub_key }))).toBe(recorded[0]?.[1])
  expect(peerIdOfPublicKey(Buffer.from(pub_key, 'base64'))).toBe(recorded[0]?.[1])
})

test('a public key of another node beside the private key is refused', () => {
  const one = JSON.parse(fixture('homes/node-1/node_key.json')) as object
  const two = JSON.parse(fixture('homes/node-2/node_key.json')) as { pub_key: string }
  expect(() => peerIdOf(JSON.stringify({ ...one, pub_key: two.pub_key }))).toThrow(
    /pub_key does not belong to priv_key/,
  )
})

test.each([
  ['no JSON', 'hello'],
  ['a list', '[]'],
  ['no key', '{}'],
  ['a short key', '{"pub_key":"AAAA"}'],
  ['no base64', '{"pub_key":"!!!!"}'],
])('%s is refused as usage', (_, text) => {
  expect(() => peerIdOf(text)).toThrow(EvhaError)
  expect(() => peerIdOf(text)).toThrow(/node_key\.json/)
})

test('base58 keeps leading zeros and knows the empty text', () => {
  expect(base58(Buffer.alloc(0))).toBe('')
  expect(base58(Buffer.from([0, 0, 1]))).toBe('112')
  expect(base58(Buffer.from('Hello World!'))).toBe('2NEpo7TZRRrLZSi2U')
})

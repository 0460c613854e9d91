import { expect, test } from 'vitest'
import { peerIdOfPublicKey } from '../../../src/evnode/peer-id.ts'
import { withoutPaperIds, withPaperKeys } from '../../../src/steps/prepare/paper-keys.ts'

const real = Buffer.alloc(32, 7).toString('base64')
const idOf = (key: string | undefined) => peerIdOfPublicKey(Buffer.from(key ?? '', 'base64'))

test('a node without a key gets one on paper, of its own; a real key stays', () => {
  const keys = withPaperKeys({ 'node-1': real, 'node-2': '', 'node-3': '' })
  expect(keys['node-1']).toBe(real)
  expect(keys['node-2']).not.toBe(keys['node-3'])
  expect(idOf(keys['node-2'])).toMatch(/^12D3KooW/)
})

test('peer ids that are on paper only are shown as what they will be; real ones as they are', () => {
  const keys = withPaperKeys({ 'node-1': real, 'node-2': '' })
  const line = `p2p.peers: "" -> /p2p/${idOf(keys['node-1'])},/p2p/${idOf(keys['node-2'])}`
  expect(withoutPaperIds({ 'node-1': [line], 'node-2': [] })).toEqual({
    'node-1': [`p2p.peers: "" -> /p2p/${idOf(real)},/p2p/<peer id of node-2>`],
    'node-2': [],
  })
})

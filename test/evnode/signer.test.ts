import { expect, test } from 'vitest'
import { readSigner } from '../../src/evnode/signer.ts'
import { fixture } from './fixture.ts'

const recorded = fixture('homes/expected.txt')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

test.each(recorded)('%s signs as the recorded proposer', (node, _peerId, proposer) => {
  const signer = readSigner(fixture(`homes/${node}/signer.json`))
  expect(signer).toEqual({
    publicKeyBase64: '9BS2jx/sYoRTHHPX/ZblrCgF85gppmJZqs80nhY6PtY=',
    proposerAddress: proposer,
  })
})

test('a signer without a public key is refused', () => {
  expect(() => readSigner('{"priv_key_encrypted":"AA=="}')).toThrow('signer.json: has no pub_key')
})

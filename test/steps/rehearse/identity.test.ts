import { expect, test } from 'vitest'
import { type Identity, isProductions } from '../../../src/steps/rehearse/identity.ts'

const production: Identity = {
  chainId: 'prod',
  signerPublicKey: 'K',
  genesisSha256: 'G',
  daNamespace: '00',
}
const throwaway: Identity = { chainId: 'stage', signerPublicKey: 'L', genesisSha256: 'H', daNamespace: '01' }

test('a chain of its own is none of production', () => {
  expect(isProductions(throwaway, production)).toEqual([])
})

test.each<[keyof Identity, RegExp]>([
  ['signerPublicKey', /signing key is the production key/],
  ['genesisSha256', /genesis.json is the production genesis/],
  ['chainId', /chain id is the production one/],
  ['daNamespace', /DA namespace is the production namespace/],
])('with the %s of production it is refused', (key, says) => {
  expect(isProductions({ ...throwaway, [key]: production[key] }, production)).toEqual([
    expect.stringMatching(says),
  ])
})

test('what is not known on one side is no match', () => {
  const unknown = { chainId: '', signerPublicKey: '', genesisSha256: '', daNamespace: '' }
  expect(isProductions(unknown, { ...production, ...unknown })).toEqual([])
})

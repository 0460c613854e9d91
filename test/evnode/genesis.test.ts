import { expect, test } from 'vitest'
import { readGenesis } from '../../src/evnode/genesis.ts'
import { fixture } from './fixture.ts'

test('the genesis names chain, proposer and first height', () => {
  expect(readGenesis(fixture('homes/node-1/genesis.json'))).toEqual({
    chainId: 'lab-chain',
    proposerAddress: 'QDNeIx3e49rTBJFzfjpLeJr+VRkrgkzBO61ZwACuwv4=',
    initialHeight: 1,
    startTime: '2026-11-23T08:30:26.659600301Z',
  })
})

test.each([
  ['initial_height', 0, 'initial_height is not a height'],
  ['initial_height', '1', 'initial_height is not a height'],
  ['chain_id', '', 'has no chain_id'],
  ['proposer_address', 'AAAA', 'proposer_address is not 32 bytes'],
])('a genesis with %s = %s is refused', (key, value, message) => {
  const good = JSON.parse(fixture('homes/node-1/genesis.json')) as object
  expect(() => readGenesis(JSON.stringify({ ...good, [key]: value }))).toThrow(message)
})

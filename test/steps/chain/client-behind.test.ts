import { expect, test } from 'vitest'
import { whyNotWarm } from '../../../src/steps/chain/client-behind.ts'
import type { Facts } from '../../../src/steps/facts.ts'

const facts = (clients: Record<string, number | null> | undefined, msPerBlock: number | null = null) =>
  ({
    check: { execution: {} },
    seedData: { warmedUp: { msPerBlock, heads: {} } },
    stopSource: { height: 1_000 },
    finalSync: { bytes: 0, files: 0, ...(clients === undefined ? {} : { clients }) },
  }) as unknown as Partial<Facts>

const why = (clients: Record<string, number | null> | undefined, msPerBlock?: number) =>
  whyNotWarm({ facts: facts(clients, msPerBlock) }, 'node-2')

test('a client at N, or a few blocks off, may start', () => {
  expect(why({ 'node-2': 1_000 })).toBeNull()
  expect(why({ 'node-2': 998 })).toBeNull()
  // One that is ahead is led back by its node itself.
  expect(why({ 'node-2': 1_001 })).toBeNull()
})

test('one that would keep the chain standing for longer is left out, with the time it would take', () => {
  expect(why({ 'node-2': 900 })).toBe(
    'its execution client is at block 900, 100 behind: about 27 s of replay',
  )
  // The pace is that of this chain's own warm-up where it was seen.
  expect(why({ 'node-2': 900 }, 10)).toBeNull()
  expect(why({ 'node-2': 980 }, 500)).toMatch(/20 behind: about 10 s/)
})

test('one that tells nothing, or was not asked, is left out', () => {
  expect(why({ 'node-2': null })).toBe('its execution client does not answer')
  expect(why({ 'node-3': 1_000 })).toBe('its execution client does not answer')
  expect(why(undefined)).toBe('its execution client does not answer')
})

test('on a chain without clients nobody is asked', () => {
  expect(whyNotWarm({ facts: { check: {} } as unknown as Partial<Facts> }, 'node-2')).toBeNull()
})

import { expect, test } from 'vitest'
import { tooFarBehind } from '../../../src/steps/chain/client-behind.ts'
import type { Facts } from '../../../src/steps/facts.ts'

const why = (lacks: number, msPerBlock: number | null = null) =>
  tooFarBehind(
    { facts: { seedData: { warmedUp: { msPerBlock, heads: {} } } } as unknown as Partial<Facts> },
    lacks,
  )

test('a client at N, or a few blocks off, may start', () => {
  expect(why(0)).toBe('')
  expect(why(2)).toBe('')
})

test('one that would keep the chain standing for longer is left out, with the time it would take', () => {
  expect(why(100)).toBe('its execution client is 100 blocks behind, about 27 s of replay')
})

test('the pace is that of this chain in its own warm-up, where it was seen', () => {
  expect(why(100, 10)).toBe('')
  expect(why(20, 500)).toBe('its execution client is 20 blocks behind, about 10 s of replay')
})

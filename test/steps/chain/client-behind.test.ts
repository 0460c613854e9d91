import { expect, test } from 'vitest'
import { replayAt, tooFarBehind } from '../../../src/steps/chain/client-behind.ts'
import type { ClientStands, Facts } from '../../../src/steps/facts.ts'
import type { SeenWindows } from '../../../src/steps/gates/prediction.ts'

const why = (lacks: number, msPerBlock: number | null = null, seen: readonly SeenWindows[] = []) =>
  tooFarBehind(
    {
      facts: { seedData: { warmedUp: { msPerBlock, heads: {} } } } as unknown as Partial<Facts>,
      seen,
    },
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

test('where this warm-up had nothing to catch up, the slowest pace of a rehearsal counts', () => {
  const rehearsal: SeenWindows = { from: 'rehearsal', times: [], replayMsPerBlock: [40, 100] }
  expect(why(70, null, [rehearsal])).toBe('its execution client is 70 blocks behind, about 7 s of replay')
  expect(why(60, null, [rehearsal])).toBe('')
  expect(why(70, 10, [rehearsal])).toBe('')
})

test('once the chain stands still, what is left is what the farthest client of those to be started lacks', () => {
  const at = (height: number | null) => ({ height, hash: null, why: '' })
  const stands: ClientStands = {
    'node-1': at(50),
    'node-2': at(48),
    'node-3': at(45),
    'node-4': at(7),
    'node-5': at(null),
  }
  const facts = { seedData: { warmedUp: { msPerBlock: 30, heads: {} } } } as unknown as Partial<Facts>
  const left = (...names: string[]) => replayAt({ facts, seen: [] }, { stands, names, last: 50 })
  expect(left('node-2', 'node-3', 'node-5')).toEqual({
    blocks: 5,
    msPerBlock: 30,
    slowMsPerBlock: 30,
    source: 'measured here',
  })
  expect(left('node-1')).toMatchObject({ blocks: 0 })
  expect(left()).toMatchObject({ blocks: 0 })
})

test('what is foretold is the usual pace; who may start is judged by the slowest, and by what is known of it', () => {
  const stands: ClientStands = { 'node-2': { height: 20, hash: null, why: '' } }
  const left = (warmedUp: object, seen: readonly SeenWindows[] = []) =>
    replayAt(
      { facts: { seedData: { warmedUp: { heads: {}, ...warmedUp } } } as unknown as Partial<Facts>, seen },
      { stands, names: ['node-2'], last: 50 },
    )
  expect(left({ msPerBlock: 90, usualMsPerBlock: 50 })).toMatchObject({
    blocks: 30,
    msPerBlock: 50,
    slowMsPerBlock: 90,
  })
  expect(left({ msPerBlock: 90 })).toMatchObject({ msPerBlock: 90 })
  const earlier: SeenWindows = { from: 'earlier run', times: [], replayMsPerBlock: [200, 40, 50] }
  expect(left({ msPerBlock: null }, [earlier])).toEqual({
    blocks: 30,
    msPerBlock: 50,
    slowMsPerBlock: 200,
    source: 'earlier run',
  })
})

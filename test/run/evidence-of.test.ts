import { expect, test } from 'vitest'
import { evidenceOf } from '../../src/run/evidence-of.ts'
import type { Facts } from '../../src/steps/facts.ts'

const wayBack = (facts: Partial<Facts>) =>
  evidenceOf(facts).find(({ title }) => title === 'the way back')?.rows ?? []

test('peers that the way back did not reach are told of, until a later attempt has gone forward', () => {
  const back: Partial<Facts> = { disarm: { unreached: ['node-2'] }, seeBlock: { height: 7 } }
  expect(wayBack(back)).toEqual([
    ['block of the single sequencer', '7'],
    ['members', expect.stringMatching(/^node-2: not reached/)],
  ])
  expect(wayBack({ ...back, decide: { decision: 'committed' } })).toEqual([
    ['block of the single sequencer', '7'],
  ])
  expect(wayBack({ disarm: {}, seeBlock: { height: 7 } })).toHaveLength(1)
})

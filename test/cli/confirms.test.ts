import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { parseConfirms } from '../../src/cli/confirms.ts'

test('gates with the chain each is approved for', () => {
  expect([...parseConfirms(['cutover=lab-chain', 'commit=a=b', 'cutover=lab-chain'])]).toEqual([
    ['cutover', 'lab-chain'],
    ['commit', 'a=b'],
  ])
  expect(parseConfirms([]).size).toBe(0)
})

test.each([
  ['cutover', 'has no = and names no chain'],
  ['=lab-chain', 'there is no gate ""'],
  ['Cutover=lab-chain', 'did you mean cutover?'],
  ['yes=lab-chain', 'there is no gate "yes"'],
  ['cutover=', 'names no chain'],
  ['cutover=lab chain', 'names no chain'],
])('%s is refused', (value, why) => {
  expect(() => parseConfirms([value])).toThrow(why)
  expect(() => parseConfirms([value])).toThrow(EvhaError)
})

test('one gate for two chains is refused', () => {
  expect(() => parseConfirms(['cutover=a', 'cutover=b'])).toThrow('given twice, for a and for b')
})

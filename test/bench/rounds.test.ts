import { expect, test } from 'vitest'
import { roundsLeft, roundsWanted } from './rounds.ts'

const ways = ['evha', 'script', 'guide']

test('one number is for every way and size', () => {
  const wanted = roundsWanted('2', ways, [1, 20])
  expect(wanted.get('guide')).toEqual([2, 2])
  expect(roundsLeft(wanted, [1, 20], [])).toHaveLength(12)
})

test('a way may have a number of its own for each size, and the others are left out', () => {
  const wanted = roundsWanted('evha=3/1,script=2', ways, [1, 20])
  expect([...wanted]).toEqual([
    ['evha', [3, 1]],
    ['script', [2, 2]],
  ])
})

test('the rounds of all ways are spread over the whole time', () => {
  const left = roundsLeft(roundsWanted('evha=6,guide=2', ways, [1]), [1], [])
  expect(left.map(({ way }) => way).join(' ')).toBe('evha evha guide evha evha evha guide evha')
})

test('rounds that stand already are not made again', () => {
  const made = [
    { way: 'evha', size: 1 },
    { way: 'evha', size: 1 },
    { way: 'script', size: 20 },
  ]
  const left = roundsLeft(roundsWanted('evha=3,script=1', ways, [1]), [1], made)
  expect(left).toEqual([
    { way: 'script', size: 1 },
    { way: 'evha', size: 1 },
  ])
})

test.each(['', 'evha=', 'evha=x', 'ansibel=3', 'evha=1/2/3', '-1', 'evha=1.5'])(
  '%j is refused',
  (written) => {
    expect(() => roundsWanted(written, ways, [1, 20])).toThrow(/--rounds/)
  },
)

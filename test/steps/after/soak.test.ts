import { expect, test } from 'vitest'
import { SignatureWatch } from '../../../src/steps/after/soak.ts'

test('a height signed twice is told with each hash and where it was seen; the same block everywhere is normal', () => {
  const watch = new SignatureWatch()
  for (const where of ['node-2', 'node-1', 'node-1', 'DA at its height 9']) watch.note(7, 'aa', where)
  expect(watch.twice()).toEqual([])
  expect(watch.told()).toEqual([])
  watch.note(7, 'bb', 'node-3')
  expect(watch.twice()).toEqual([7])
  expect(watch.told()).toEqual([
    'block 7 was signed twice: aa on DA at its height 9, node-1, node-2; bb on node-3',
  ])
})

test('of many such heights the first are told, and how many there are', () => {
  const watch = new SignatureWatch()
  for (let height = 1; height <= 25; height += 1)
    for (const hash of ['aa', 'bb']) watch.note(height, hash, 'DA')
  expect(watch.told()).toHaveLength(11)
  expect(watch.told().at(-1)).toBe('and 15 heights more, up to 25')
})

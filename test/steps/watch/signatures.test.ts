import { expect, test } from 'vitest'
import { SignatureWatch } from '../../../src/steps/watch/signatures.ts'

const signed = (height: number, hash: string) => ({
  height,
  hash,
  signature: `by ${hash}`,
  signerPubKey: 'key',
})

test('a height signed twice is told with each hash and where it was seen; the same block everywhere is normal', () => {
  const watch = new SignatureWatch()
  for (const where of ['node-2', 'node-1', 'node-1', 'DA at its height 9']) watch.note(signed(7, 'aa'), where)
  expect(watch.twice()).toEqual([])
  expect(watch.told()).toEqual([])
  watch.note(signed(7, 'bb'), 'node-3')
  expect(watch.twice()).toEqual([7])
  expect(watch.told()).toEqual([
    'block 7 was signed twice: aa on DA at its height 9, node-1, node-2; bb on node-3',
  ])
  expect(watch.proofs()).toEqual([
    {
      height: 7,
      signed: [
        {
          hash: 'aa',
          signature: 'by aa',
          signerPubKey: 'key',
          where: ['DA at its height 9', 'node-1', 'node-2'],
        },
        { hash: 'bb', signature: 'by bb', signerPubKey: 'key', where: ['node-3'] },
      ],
    },
  ])
})

test('of many such heights the first are told, and how many there are', () => {
  const watch = new SignatureWatch()
  for (let height = 1; height <= 25; height += 1)
    for (const hash of ['aa', 'bb']) watch.note(signed(height, hash), 'DA')
  expect(watch.told()).toHaveLength(11)
  expect(watch.told().at(-1)).toBe('and 15 heights more, up to 25')
})

test('a day of blocks is remembered in bounds, and a height signed twice is not what is forgotten', () => {
  const watch = new SignatureWatch()
  watch.note(signed(1, 'aa'), 'node-1')
  watch.note(signed(1, 'bb'), 'node-2')
  for (let height = 2; height <= 86_400; height += 1) watch.note(signed(height, 'aa'), 'node-1')
  expect(watch.twice()).toEqual([1])
  watch.note(signed(86_400, 'bb'), 'node-2')
  expect(watch.twice()).toEqual([1, 86_400])
  // Too long ago: it would be a first sight.
  watch.note(signed(2, 'bb'), 'node-2')
  expect(watch.twice()).toEqual([1, 86_400])
})

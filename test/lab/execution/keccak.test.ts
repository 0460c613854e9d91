import { expect, test } from 'vitest'
import { keccak256 } from '../../../src/lab/execution/keccak.ts'

const hex = (data: Uint8Array) => keccak256(data).toString('hex')

test('gives the published digests: nothing, three letters, an empty list in RLP', () => {
  expect(hex(Buffer.alloc(0))).toBe('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
  expect(hex(Buffer.from('abc'))).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45')
  expect(hex(Buffer.from('c0', 'hex'))).toBe(
    '1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  )
})

test('fills blocks of 136 bytes to their end', () => {
  const lengths = [135, 136, 137, 272]
  expect(new Set(lengths.map((length) => hex(Buffer.alloc(length)))).size).toBe(lengths.length)
})

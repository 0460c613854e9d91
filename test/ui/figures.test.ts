import { expect, test } from 'vitest'
import { bytes, duration } from '../../src/ui/figures.ts'

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [5_149, '5.1 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [11_040_000, '3 h 4 min'],
])('%d ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  [0, '0 bytes'],
  [1_023, '1023 bytes'],
  [1_536, '1.5 KiB (1536 bytes)'],
  [1_503_238_553, '1.4 GiB (1503238553 bytes)'],
])('%d bytes are %s', (count, text) => {
  expect(bytes(count)).toBe(text)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationMs, durationText } from '../../src/evnode/go-duration.ts'

test.each([
  ['1m0s', 60_000],
  ['100ms', 100],
  ['0s', 0],
  ['0', 0],
  ['2m30s', 150_000],
  ['1h2m3.5s', 3_723_500],
  ['250µs', 0.25],
  ['-1s', -1000],
])('%s is %d ms', (text, ms) => {
  expect(durationMs(text)).toBeCloseTo(ms, 6)
})

test.each(['', 'soon', '5', '1 s', '1d', 's', '1s!'])('%j is no duration', (text) => {
  expect(durationMs(text)).toBeUndefined()
})

test('whole milliseconds come back', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (ms) => {
      expect(durationMs(durationText(ms))).toBe(ms)
    }),
  )
})

import { expect, test } from 'vitest'
import type { Changed, FailureKind } from '../../src/base/errors.ts'
import { exitCodeOf, exitCodes, exitCodeTable } from '../../src/cli/exit-codes.ts'

const cases: readonly (readonly [FailureKind, Changed, number])[] = [
  ['usage', 'no', 2],
  ['blocked', 'no', 3],
  ['unreachable', 'no', 3],
  ['refused', 'no', 3],
  ['hostKey', 'no', 3],
  ['unreachable', 'yes', 1],
  ['refused', 'unknown', 1],
  ['hostKey', 'yes', 1],
  ['blocked', 'yes', 1],
  ['timeout', 'no', 1],
  ['budget', 'yes', 1],
  ['failed', 'unknown', 1],
  ['contradiction', 'yes', 6],
  ['locked', 'no', 7],
  ['waiting', 'no', 4],
  ['interrupted', 'yes', 130],
]

test.each(cases)('%s, changed: %s, ends with %d', (kind, changedAnything, code) => {
  expect(exitCodeOf({ kind, message: '', changedAnything, retryable: false, hint: '' })).toBe(code)
})

test('help knows every code', () => {
  for (const [code, meaning] of Object.entries(exitCodes))
    expect(exitCodeTable()).toContain(`${code}  ${meaning}`)
})

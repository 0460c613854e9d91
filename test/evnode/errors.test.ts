import { expect, test } from 'vitest'
import { explainError } from '../../src/evnode/errors.ts'
import { fixture } from './fixture.ts'

const recorded = fixture('errors.tsv')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))
  .filter(([, exit]) => exit === '1')

test('there are recorded errors to explain', () => {
  expect(recorded.length).toBeGreaterThan(20)
})

test.each(recorded)('%s is explained', (_name, _exit, line = '') => {
  const found = explainError(line)
  expect(found?.cause).toMatch(/\w/)
  expect(found?.cure).toMatch(/\w/)
  expect(explainError(`Error: ${line}`)).toEqual(found)
})

test('each kind of recorded error has an explanation of its own', () => {
  const same = new Set([
    'no DA address',
    'environment variable DA set',
    'second process on one home',
    'offline height while running',
  ])
  const causes = recorded
    .filter(([name = '']) => !same.has(name))
    .map(([, , line = '']) => explainError(line)?.cause)
  expect(new Set(causes).size).toBe(causes.length)
})

test('what evha does not keep from happening is said so', () => {
  expect(explainError('leader lock lost')?.prevented).toBe(false)
  expect(explainError('local bind address is not advertisable')?.prevented).toBe(true)
})

test.each(['', 'produced block', 'dial tcp 10.0.0.1:5001: connect: connection refused'])(
  '%j is not explained',
  (line) => {
    expect(explainError(line)).toBeUndefined()
  },
)

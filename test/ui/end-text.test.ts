import { expect, test } from 'vitest'
import { endLines } from '../../src/ui/end-text.ts'

const failure = {
  kind: 'failed' as const,
  message: 'node-3: disk full',
  changedAnything: 'yes' as const,
  retryable: true,
  hint: 'make room',
}
const end = { outcome: 'waiting' as const, exitCode: 4 as const, failure: null, next: 'evha resume r' }
const next = 'evha resume r --confirm cutover=c --confirm commit=c --state-dir /s'
const log = '/var/evha/r/evha.log'

test.each([
  [
    'waiting',
    { end: { ...end, next }, log, untouched: false, asks: false },
    ['nobody approved the gate yet; once it is approved, go on with:', `  ${next}`],
  ],
  [
    'waiting, where a person can be asked',
    { end: { ...end, next }, log, untouched: false, asks: true },
    ['nobody approved the gate yet; to be asked again, type:', '  evha resume r --state-dir /s'],
  ],
  [
    'failed',
    {
      end: { ...end, outcome: 'failed' as const, exitCode: 1 as const, failure },
      log,
      untouched: false,
      asks: false,
    },
    [
      '',
      'node-3: disk full',
      '  changed: yes',
      '  next: make room',
      `log: ${log}`,
      'go on with:',
      '  evha resume r',
    ],
  ],
  [
    'returned',
    {
      end: { ...end, outcome: 'returned' as const, exitCode: 5 as const },
      log,
      untouched: false,
      asks: false,
    },
    ['the next attempt begins with:', '  evha resume r'],
  ],
  [
    'migrated',
    {
      end: { outcome: 'migrated' as const, exitCode: 0 as const, failure: null, next: 'evha report r' },
      log,
      untouched: false,
      asks: true,
    },
    ['the whole report:', '  evha report r'],
  ],
  [
    'looked at again',
    {
      end: { outcome: 'aborted' as const, exitCode: 0 as const, failure, next: 'evha report r' },
      log: null,
      untouched: true,
      asks: true,
    },
    ['this run is finished; nothing was done', 'the whole report:', '  evha report r'],
  ],
])('the end of a run that is %s', (_name, facts, lines) => {
  expect(endLines(facts)).toEqual(lines)
})

test('on a narrow terminal the sentence is broken at a word, the command never', () => {
  const lines = endLines({ end: { ...end, next }, log, untouched: false, asks: true }, undefined, 40)
  expect(lines).toEqual([
    'nobody approved the gate yet; to be',
    'asked again, type:',
    '  evha resume r --state-dir /s',
  ])
})

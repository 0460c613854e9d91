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
const log = '/var/evha/r/evha.log'

test.each([
  [
    'waiting',
    { end, log, untouched: false },
    ['nobody approved the gate yet; once it is approved, go on with:', '  evha resume r'],
  ],
  [
    'failed',
    { end: { ...end, outcome: 'failed' as const, exitCode: 1 as const, failure }, log, untouched: false },
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
    { end: { ...end, outcome: 'returned' as const, exitCode: 5 as const }, log, untouched: false },
    ['the next attempt begins with:', '  evha resume r'],
  ],
  [
    'migrated',
    {
      end: { outcome: 'migrated' as const, exitCode: 0 as const, failure: null, next: 'evha report r' },
      log,
      untouched: false,
    },
    ['the whole report:', '  evha report r'],
  ],
  [
    'looked at again',
    {
      end: { outcome: 'aborted' as const, exitCode: 0 as const, failure, next: 'evha report r' },
      log: null,
      untouched: true,
    },
    ['this run is finished; nothing was done', 'the whole report:', '  evha report r'],
  ],
])('the end of a run that is %s', (_name, facts, lines) => {
  expect(endLines(facts)).toEqual(lines)
})

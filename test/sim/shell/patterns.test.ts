// What the simulated shell cuts off a value is what the real one does.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cut } from './patterns.ts'

const values = [
  '',
  'a',
  'a/b/c',
  '/var/lib/ev-node',
  'x  -',
  'one two three',
  'a.b.c.conf',
  '[1]*2',
  'line\nnext',
]
const patterns = [
  '*',
  '/*',
  '*/',
  ' *',
  '* ',
  '?',
  '.*',
  '.conf',
  '[a-c]',
  '[!a]',
  'no',
  '*/*',
  '*.?.*',
  '\\*2',
  '\\[*',
]

test('each end of each value, shortest and longest, as sh cuts it', () => {
  const all = values.flatMap((value) =>
    patterns.flatMap((pattern) => ['%', '%%', '#', '##'].map((op) => ({ value, op, pattern }))),
  )
  const assigned = all.map((_, i) => `v${i}=$1; shift`)
  const printed = all.map(({ op, pattern }, i) => `printf '%s\\0' "\${v${i}${op}${pattern}}"`)
  const script = [...assigned, ...printed].join('\n')
  const real = spawnSync('sh', ['-c', script, 'sh', ...all.map(({ value }) => value)], {
    encoding: 'utf8',
  })
  expect(real.stderr).toBe('')
  expect(all.map(({ value, op, pattern }) => cut(value, op, pattern))).toEqual(
    real.stdout.split('\0').slice(0, -1),
  )
})

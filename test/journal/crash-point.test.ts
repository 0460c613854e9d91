import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = JSON.stringify(join(import.meta.dirname, '../../src/journal/crash-point.ts'))
const program = `
  import { writeSync } from 'node:fs'
  import { crashPoint } from ${source}
  process.on('exit', () => writeSync(1, 'exit handler'))
  for (const name of ['a', 'b', 'a']) { crashPoint(name); writeSync(1, name) }`

function passing(crashAt?: string): { readonly stdout: string; readonly signal: string | null } {
  const { EVHA_CRASH_AT: _, ...env } = process.env
  const { stdout, signal } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    {
      encoding: 'utf8',
      env: crashAt === undefined ? env : { ...env, EVHA_CRASH_AT: crashAt },
      timeout: 60_000,
    },
  )
  return { stdout, signal }
}

test.each([
  ['a', ''],
  ['a#1', ''],
  ['b', 'a'],
  ['a#2', 'ab'],
])('EVHA_CRASH_AT=%s kills there and then', (crashAt, stdout) => {
  expect(passing(crashAt)).toEqual({ stdout, signal: 'SIGKILL' })
})

test.each(['a#3', 'c', ''])('EVHA_CRASH_AT=%j kills nowhere', (crashAt) => {
  expect(passing(crashAt)).toEqual({ stdout: 'abaexit handler', signal: null })
})

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog } from '../../src/journal/log.ts'
import { startChild } from './child.ts'
import { scratch } from './scratch.ts'

function linesOf(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('one line a remote command, appended for its owner alone', () => {
  const path = join(scratch(), 'evha.log')
  const command = { host: 'node-1', says: 'stop the unit', text: 'systemctl stop ev-node', mutates: true }
  const first = openLog(path)
  first.command({ ...command, durationMs: 900, exit: 0 })
  first.close()
  const second = openLog(path)
  second.command({ ...command, durationMs: 20_000, exit: 'unknown', why: 'the link to node-1 was lost' })
  second.command({ ...command, durationMs: 10, exit: null, signal: 'SIGKILL' })
  second.note('resumed', { attempt: 2 })
  second.problem('the link was lost')
  second.close()
  expect(linesOf(path)).toMatchObject([
    { level: 'info', msg: 'stop the unit', text: 'systemctl stop ev-node', host: 'node-1', exit: 0 },
    { level: 'warn', exit: 'unknown', durationMs: 20_000, why: 'the link to node-1 was lost' },
    { level: 'warn', exit: null, signal: 'SIGKILL' },
    { level: 'info', msg: 'resumed', attempt: 2 },
    { level: 'error', msg: 'the link was lost' },
  ])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a process that dies at once has its last line in the log', async () => {
  const path = join(scratch(), 'evha.log')
  const ended = await startChild('dying-logger.ts', [path]).ended
  expect(ended.signal).toBe('SIGKILL')
  expect(linesOf(path).map((line) => line['msg'])).toEqual(Array.from({ length: 50 }, (_, n) => `line ${n}`))
})

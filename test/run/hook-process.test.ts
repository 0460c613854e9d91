import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runHook } from '../../src/run/hook-process.ts'
import { scratch } from '../journal/scratch.ts'

const never = () => new AbortController().signal
const sh = (text: string, cwd: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  runHook({
    command: ['/bin/sh', '-c', text],
    environment: { EVHA_HOOK: 'prepared' },
    cwd,
    timeoutMs: more.timeoutMs ?? 20_000,
    signal: more.signal ?? never(),
  })

test('its exit code, and the end of what it wrote on both streams', async () => {
  const ended = await sh('echo out; echo err >&2; exit 3', scratch())
  expect(ended.exit).toBe(3)
  expect(ended.said.split('\n').sort()).toEqual(['', 'err', 'out'])
})

test('it sees its own variables and where it is; what evha is driven by it does not see', async () => {
  const dir = scratch()
  process.env['EVHA_CRASH_AT'] = 'nowhere'
  try {
    await sh('env >env; pwd >pwd; cat >stdin', dir)
  } finally {
    delete process.env['EVHA_CRASH_AT']
  }
  const env = readFileSync(join(dir, 'env'), 'utf8').split('\n')
  expect(env).toContain('EVHA_HOOK=prepared')
  expect(env.filter((line) => line.startsWith('EVHA_'))).toHaveLength(1)
  expect(env.some((line) => line.startsWith('PATH='))).toBe(true)
  expect(readFileSync(join(dir, 'pwd'), 'utf8')).toBe(`${dir}\n`)
  expect(readFileSync(join(dir, 'stdin'), 'utf8')).toBe('')
})

test('when its time is up it is killed with what it started', async () => {
  const dir = scratch()
  const ended = await sh('(sleep 30; echo late >late) & echo $! >child; wait', dir, { timeoutMs: 300 })
  expect(ended.exit).toBe('timeout')
  const child = Number(readFileSync(join(dir, 'child'), 'utf8'))
  await expect.poll(() => stateOf(child)).not.toMatch(/[RSD]/)
  expect(existsSync(join(dir, 'late'))).toBe(false)
})

/** The state letter of a process; Z while nobody has reaped it, empty when it is gone. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? ''
  } catch {
    return ''
  }
}

test('a process it leaves behind with its output open keeps nobody waiting', async () => {
  const ended = await sh('sleep 30 & echo $!', scratch())
  process.kill(Number(ended.said), 'SIGKILL')
  expect(ended.exit).toBe(0)
  expect(ended.durationMs).toBeLessThan(15_000)
})

test('a flood is read to its end and its last part kept', async () => {
  const ended = await sh('head -c 3000000 /dev/zero | tr "\\0" x; echo end', scratch())
  expect(ended.exit).toBe(0)
  expect(ended.said.length).toBe(8 * 1024)
  expect(ended.said.endsWith('xend\n')).toBe(true)
})

test('one that is not there, and one that is stopped', async () => {
  const gone = {
    command: ['/nowhere/hook'] as const,
    environment: {},
    cwd: scratch(),
    timeoutMs: 5_000,
    signal: never(),
  }
  expect((await runHook(gone)).exit).toBe('not started: ENOENT')
  expect((await sh('sleep 30', scratch(), { signal: AbortSignal.abort() })).exit).toBe('stopped')
})

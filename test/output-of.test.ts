import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { commandsAtWork, outputOf } from './output-of.ts'

test('a command that hangs is killed at its limit, and what it had printed is told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const child = spawn('sh', ['-c', 'echo begun; exec sleep 600'])
  const ended = outputOf(child, { says: 'the hanging command', timeoutMs: 60_000 })
  await once(child.stdout, 'data')
  expect(commandsAtWork()).toEqual([
    expect.stringMatching(/^the hanging command \(\d+\.\d s\) had printed: begun$/),
  ])
  vi.advanceTimersByTime(60_000)
  await expect(ended).rejects.toThrow(/^killed, it took too long: the hanging command .*begun$/)
  expect(commandsAtWork()).toEqual([])
  if (child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Sends signals to a real process, each after what the one before was answered with. */
async function signalled(steps: readonly (readonly [NodeJS.Signals, awaited: string])[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'interrupted.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const closed = once(child, 'close')
  const says = async (text: string) => {
    while (!told.includes(text) && child.exitCode === null) await new Promise((wake) => setTimeout(wake, 10))
  }
  await says('ready')
  for (const [signal, awaited] of steps) {
    child.kill(signal)
    await says(awaited)
  }
  // One that was told to leave goes by itself; how, is what is looked at.
  if (steps.at(-1)?.[1] !== 'leave') child.kill('SIGKILL')
  const [exitCode] = (await closed) as [number | null]
  return { exitCode, told: told.split('\n').slice(1, -1) }
}

test('Ctrl-C once stops soon, twice now, three times at once', async () => {
  expect(
    await signalled([
      ['SIGINT', 'closed'],
      ['SIGINT', 'stopped'],
      ['SIGINT', 'leave'],
    ]),
  ).toEqual({
    exitCode: 130,
    told: ['SIGINT soon soon=true', 'closed', 'SIGINT now soon=true', 'stopped', 'SIGINT leave soon=true'],
  })
})

test('SIGTERM counts as the second press', async () => {
  expect(
    await signalled([
      ['SIGTERM', 'stopped'],
      ['SIGINT', 'leave'],
    ]),
  ).toEqual({ exitCode: 143, told: ['SIGTERM now soon=true', 'closed', 'stopped', 'SIGINT leave soon=true'] })
})

test('a terminal that hangs up stops soon, and only once', async () => {
  expect(
    await signalled([
      ['SIGHUP', 'closed'],
      ['SIGHUP', ''],
      ['SIGINT', 'stopped'],
    ]),
  ).toEqual({
    exitCode: null,
    told: ['SIGHUP soon soon=true', 'closed', 'SIGINT now soon=true', 'stopped'],
  })
})

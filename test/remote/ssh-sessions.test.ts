import { expect, test } from 'vitest'
import { changes, reads } from '../../src/base/command.ts'
import { echo, host, sleepers } from './ssh-host.ts'

test('thirty commands at once never open more sessions than allowed', async () => {
  const { server, remote } = await host({}, {}, { sessionsPerHostMax: 4 })
  const all = Array.from({ length: 30 }, (_, i) => remote.run(reads('count', ['echo', String(i)])))
  const outcomes = await Promise.all(all)
  expect(outcomes.map((one) => one.kind === 'finished' && one.stdout.trim())).toEqual(
    Array.from({ length: 30 }, (_, i) => String(i)),
  )
  expect(server.sessionsAtOnce()).toBeLessThanOrEqual(4)
})

test('a wait for a free session ends with the command time', async () => {
  const { remote } = await host({}, {}, { sessionsPerHostMax: 1 })
  const stop = new AbortController()
  const first = remote.run(changes('linger', ['sleep', '3576']), stop.signal)
  await expect.poll(() => sleepers(3576).length).toBe(1)
  const second = await remote.run({ ...echo, timeoutMs: 200 })
  expect(second).toMatchObject({
    kind: 'unknown',
    why: 'timeout',
    message: expect.stringContaining('not started'),
  })
  stop.abort()
  await first
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a host that opens no session is refused by name of the setting', async () => {
  const { remote } = await host({ sessionsMax: 0 })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining('MaxSessions'),
  })
})

test('a channel that is neither opened nor refused leaves the outcome unknown', async () => {
  const { remote } = await host({ deaf: true }, {}, { connectTimeoutMs: 400 })
  expect(await remote.run(echo)).toMatchObject({ kind: 'unknown', why: 'linkLost' })
})

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { changes } from '../../src/base/command.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { sshLimits } from '../../src/remote/ssh-target.ts'
import { echo, host, sleepers } from './ssh-host.ts'

test('a port where nobody listens is unreachable; a silent one is, too', async () => {
  const { remote } = await host({}, { port: 1 })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'unreachable',
    changedAnything: 'no',
    retryable: true,
  })

  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const second = await host({}, { port }, { connectTimeoutMs: 200 })
  await expect(second.remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  silent.close()
})

test('a lost link is an unknown outcome, and the next command connects again', async () => {
  const { server, remote } = await host()
  const running = remote.run(changes('wait', ['sleep', '3571']))
  while (sleepers(3571).length === 0) await sleep(20)
  server.cut()
  expect(await running).toMatchObject({
    kind: 'unknown',
    why: 'linkLost',
    message: expect.stringContaining('node-1'),
  })
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(server.connections()).toBe(2)
})

test('a host that falls silent is noticed by keepalive', async () => {
  // ssh2 gives up at the first probe beyond the count.
  expect(sshLimits.keepaliveIntervalMs * (sshLimits.keepaliveCountMax + 1)).toBeLessThan(5_000)
  const { server, remote } = await host({}, {}, { keepaliveIntervalMs: 50, keepaliveCountMax: 2 })
  await remote.run(echo)
  const running = remote.run(changes('wait', ['sleep', '3572'], { timeoutMs: 60_000 }))
  while (sleepers(3572).length === 0) await sleep(20)
  server.freeze()
  expect(await running).toMatchObject({ kind: 'unknown', why: 'linkLost' })
})

test('a host that fell silent is asked once and then left alone for a while', async () => {
  let dials = 0
  const silent = createServer(() => {
    dials += 1
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const { remote } = await host({}, { port }, { connectTimeoutMs: 200, silentMs: 2_000 })
  for (let time = 0; time < 3; time += 1)
    await expect(remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  expect(dials).toBe(1)
  await sleep(2_100)
  await expect(remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  expect(dials).toBe(2)
  silent.close()
})

test('hops over another host, and checks the keys of both', async () => {
  const jump = await host()
  const through = jump.target
  const last = await host({}, { name: 'node-2', through })
  expect(await last.remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(jump.server.connections()).toBe(1)
  await last.remote.close()

  writeFileSync(join(jump.server.dir, 'known_hosts'), '')
  const again = openSsh(last.target)
  await expect(again.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('node-1'),
  })
})

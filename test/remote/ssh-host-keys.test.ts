import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { echo, host, name } from './ssh-host.ts'
import { startServer } from './ssh-server.ts'

test('an unknown host key is refused before anything runs, with the line that makes it known', async () => {
  const { server, remote } = await host()
  writeFileSync(join(server.dir, 'known_hosts'), '')
  const failure = await remote.run(echo).catch((error: unknown) => error)
  const line = `${name(server)} ${server.hostKey('ed25519')}`
  expect(failure).toMatchObject({
    kind: 'hostKey',
    changedAnything: 'no',
    hint: expect.stringContaining(line),
  })
  expect(server.executed).toEqual([])
  writeFileSync(join(server.dir, 'known_hosts'), `${line}\n`)
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a changed host key is refused, naming the old line and how to remove it', async () => {
  const { server, remote } = await host()
  const other = await startServer()
  onTestFinished(() => other.stop())
  const file = join(server.dir, 'known_hosts')
  writeFileSync(file, `# old\n${name(server)} ${other.hostKey('ed25519')}\n`)
  const failure = await remote.run(echo).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining(`${file}:2`),
    hint: expect.stringContaining(`ssh-keygen -f '${file}' -R '${name(server)}'`),
  })
  expect(server.executed).toEqual([])
})

test('a revoked host key is refused', async () => {
  const { server, remote } = await host()
  const key = server.hostKey('ed25519')
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${key}\n@revoked * ${key}\n`)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('revoked'),
  })
})

test.each(['ed25519', 'ecdsa', 'rsa'] as const)('only the known %s key is asked for', async (kind) => {
  const { server, remote } = await host({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] })
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${server.hostKey(kind)}\n`)
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a host that no longer has a key of the known type is refused', async () => {
  const { server, remote } = await host()
  const other = await startServer({ hostKeys: ['rsa'] })
  onTestFinished(() => other.stop())
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${other.hostKey('rsa')}\n`)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('ssh-rsa'),
  })
})

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/base/secret.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { echo, host } from './ssh-host.ts'
import type { TestServer } from './ssh-server.ts'

test('a refused key is told with what was tried and how to mend it', async () => {
  const { server, target } = await host()
  const wrong = join(server.dir, 'wrong')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', wrong])
  const remote = openSsh({ ...target, identityFiles: [wrong, join(server.dir, 'nowhere')] })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/wrong.*nowhere \(cannot be read: ENOENT\)/),
    hint: expect.stringContaining('authorized_keys'),
  })
})

test('an encrypted key asks for ssh-agent by name', async () => {
  const { server, target } = await host()
  const locked = join(server.dir, 'locked')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', locked])
  const remote = openSsh({ ...target, identityFiles: [locked] })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining(`ssh-add ${locked}`),
  })
  expect(server.connections()).toBe(0)
})

test('the passphrase of an encrypted key is asked for, once for all hosts that need it, and only its own opens it', async () => {
  const { server, target } = await host()
  const locked = join(server.dir, 'user_key')
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a passphrase', '-f', locked])
  const tried: boolean[] = []
  const asked = openSsh({
    ...target,
    identityFiles: [locked],
    async passphraseOf(file, fits) {
      expect(file).toBe(locked)
      tried.push(fits(new Secret('wrong')), fits(new Secret('a passphrase')))
      return new Secret('a passphrase')
    },
  })
  expect(await asked.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(tried).toEqual([false, true])
  await asked.close()
  const unanswered = openSsh({
    ...target,
    identityFiles: [locked],
    passphraseOf: () => Promise.resolve(null),
  })
  await expect(unanswered.run(echo)).rejects.toMatchObject({ kind: 'refused' })
})

/** A real ssh-agent with the user's key in it; `end` kills it, at the latest with the test. */
function agentOf(server: TestServer): { socket: string; key: string; end: () => void } {
  const socket = join(server.dir, 'agent')
  const said = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' })
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1])
  let alive = true
  const end = (): void => {
    if (alive) process.kill(pid)
    alive = false
  }
  onTestFinished(() => end())
  const key = join(server.dir, 'user_key')
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
  return { socket, key, end }
}

test('an agent beside IdentitiesOnly is asked only for a key that can not be used by itself', async () => {
  const { server, target } = await host()
  const { socket, key } = agentOf(server)
  const other = join(server.dir, 'other')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
  const only = openSsh({ ...target, identityFiles: [other], agent: socket, identitiesOnly: true })
  await expect(only.run(echo)).rejects.toMatchObject({ kind: 'refused' })
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a passphrase', '-f', key])
  const locked = openSsh({ ...target, identityFiles: [key], agent: socket, identitiesOnly: true })
  expect(await locked.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await locked.close()
})

test('logs in with a real ssh-agent; a dead one does not stand in the way of a key file', async () => {
  const { server, target } = await host()
  const { socket, end } = agentOf(server)
  const byAgent = openSsh({ ...target, identityFiles: [], agent: socket })
  expect(await byAgent.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await byAgent.close()
  end()

  const dead = join(server.dir, 'no-agent')
  const byFile = openSsh({ ...target, agent: dead })
  expect(await byFile.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await byFile.close()
  const neither = openSsh({ ...target, identityFiles: [], agent: dead })
  await expect(neither.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('ssh-agent did not answer'),
  })
})

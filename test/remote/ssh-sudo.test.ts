import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { echo, host, sleepers, withoutSudoAnswer } from './ssh-host.ts'
import type { TestServer } from './ssh-server.ts'

/** A host whose login is not root, and whose sudo does what `text` says. */
async function sudoHost(text: string): Promise<{ server: TestServer; remote: Remote }> {
  const shims = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  mkdirSync(shims, { recursive: true })
  writeFileSync(join(shims, 'id'), '#!/bin/sh\necho 1000\n')
  writeFileSync(join(shims, 'sudo'), `#!/bin/sh\n${text}\n`)
  for (const file of ['id', 'sudo']) chmodSync(join(shims, file), 0o755)
  const env = { PATH: `${shims}:${process.env['PATH']}` }
  onTestFinished(() => void execFileSync('rm', ['-r', shims]))
  return host({ env }, { ...withoutSudoAnswer, user: 'deploy' })
}

test('a login that is not root goes through sudo, kill included', async () => {
  const { server, remote } = await sudoHost('shift 2; AS_ROOT=yes exec "$@"')
  expect(await remote.run(reads('who', script('echo "$AS_ROOT"')))).toMatchObject({ stdout: 'yes\n' })
  const outcome = await remote.run(changes('linger', ['sleep', '3577'], { timeoutMs: 300 }))
  expect(outcome).toMatchObject({ kind: 'unknown', why: 'timeout' })
  expect(sleepers(3577)).toEqual([])
  expect(server.executed.slice(1).every((text) => text.startsWith('exec sudo -n -- '))).toBe(true)
})

test('a sudo that asks for a password is refused with the line for sudoers', async () => {
  const { remote } = await sudoHost('echo "sudo: a password is required" >&2; exit 1')
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('a password is required'),
    hint: expect.stringContaining('deploy ALL=(root) NOPASSWD: ALL'),
  })
  await expect(remote.stream(echo)).rejects.toMatchObject({ kind: 'refused' })
})

test('an exit code 1 of the command itself is not mistaken for a refusing sudo', async () => {
  const { remote } = await sudoHost('shift 2; exec "$@"')
  expect(await remote.run(reads('fail', ['false']))).toMatchObject({ kind: 'finished', exitCode: 1 })
})

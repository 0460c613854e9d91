import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { echo, host, withoutSudoAnswer } from './ssh-host.ts'

test('what the login shell says on stderr is passed on', async () => {
  const { remote } = await host({ noise: { stderr: 'welcome\n' } })
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n', stderr: 'welcome\n' })
})

test('a login shell that talks on stdout is refused: nothing it prints could be trusted', async () => {
  const { remote } = await host({ noise: { stdout: 'welcome\n' } }, withoutSudoAnswer)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('prints text before every command'),
  })
})

test('a login shell that runs nothing is refused', async () => {
  const { remote } = await host({ shell: '/bin/false' }, withoutSudoAnswer)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining('login shell'),
  })
})

test('a login shell that never answers is not waited for', async () => {
  const shells = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  onTestFinished(async () => void execFileSync('rm', ['-r', shells]))
  writeFileSync(join(shells, 'stuck'), '#!/bin/sh\nexec sleep 3579\n', { mode: 0o755 })
  const { remote } = await host({ shell: join(shells, 'stuck') }, withoutSudoAnswer, {
    connectTimeoutMs: 400,
  })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('does not answer'),
  })
})

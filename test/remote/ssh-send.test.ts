import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { host } from './ssh-host.ts'

test('sends a file: mode, content, nothing left beside it', async () => {
  const { server, remote } = await host()
  const path = join(server.dir, 'a b', "it's")
  mkdirSync(join(server.dir, 'a b'))
  writeFileSync(path, 'old')
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256))
  expect(await remote.send({ content, mode: 0o640 }, path)).toMatchObject({ kind: 'finished', exitCode: 0 })
  expect(readFileSync(path).equals(content)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(execFileSync('ls', ['-A', join(server.dir, 'a b')], { encoding: 'utf8' })).toBe("it's\n")
})

test('a file whose bytes were changed on the way is never laid', async () => {
  const { server, remote } = await host({ env: {} })
  const path = join(server.dir, 'laid')
  const shims = join(server.dir, 'shims')
  mkdirSync(shims)
  writeFileSync(join(shims, 'cat'), '#!/bin/sh\nexec tr a b\n', { mode: 0o755 })
  const bent = await host({ env: { PATH: `${shims}:${process.env['PATH']}` } })
  const outcome = await bent.remote.send({ content: 'a secret plan', mode: 0o600 }, path)
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 65, stderr: expect.stringContaining('sha256') })
  expect(existsSync(path)).toBe(false)
  expect(await remote.send({ content: '', mode: 0o600 }, path)).toMatchObject({ exitCode: 0 })
  expect(readFileSync(path, 'utf8')).toBe('')
})

test('a directory in the place of a file is not filled but refused', async () => {
  const { server, remote } = await host()
  mkdirSync(join(server.dir, 'taken'))
  const outcome = await remote.send({ content: 'x', mode: 0o600 }, join(server.dir, 'taken'))
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 1 })
  expect(execFileSync('ls', ['-A', join(server.dir, 'taken')], { encoding: 'utf8' })).toBe('')
})

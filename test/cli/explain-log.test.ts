import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'evnode', 'logs')
const main = ['--import', 'tsx', join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')]

const evha = (args: readonly string[], input = '') =>
  spawnSync(process.execPath, [...main, ...args], { input, encoding: 'utf8', timeout: 30_000 })

test('tells a log in plain words, and what to do', () => {
  const told = evha(['explain-log', join(fixtures, 'raft-late-joiner-crash-loop.log')])
  expect(told.status).toBe(0)
  expect(told.stdout).toContain('the Raft directory was not bootstrapped before a leader existed')
  expect(told.stdout.trimEnd().split('\n').at(-1)).toMatch(/^next: stop it, move its Raft directory aside/)
  expect(told.stderr).toBe('')
})

test('reads stdin, and has the same for a program', () => {
  const line = '{"level":"info","height":7,"message":"produced block"}\n'
  const told = evha(['explain-log', '-', '--json'], line)
  expect(JSON.parse(told.stdout)).toMatchObject({ lines: 1, produced: { from: 7, to: 7, count: 1 } })
})

test.each([
  ['a file that is not there', 'nope.log', 'there is no such file'],
  ['a directory', fixtures, 'it is a directory'],
])('%s is a usage error', (_name, path, why) => {
  const told = evha(['explain-log', path])
  expect(told.status).toBe(2)
  expect(told.stderr).toContain(why)
  expect(told.stderr).toContain('changed: nothing')
})

test('garbage and endless lines cost no memory', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'evha-explain-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const garbage = join(dir, 'garbage')
  const bytes = Buffer.alloc(40 * 1024 * 1024, 'x')
  for (let at = 0; at < bytes.length / 2; at += 997) bytes[at] = at % 256
  writeFileSync(garbage, bytes)
  // The old generation is held far below the size of the file.
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=48', ...main, 'explain-log', garbage, '--json'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  let out = ''
  child.stdout.on('data', (data) => {
    out += String(data)
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ produced: null })
}, 60_000)

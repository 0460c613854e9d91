import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LogStory } from '../../src/evnode/log-story.ts'
import { outputOf } from '../output-of.ts'
import { peakMbIn, tellsPeak } from '../peak-memory.ts'
import { built as build } from './built.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'evnode', 'logs')
const built = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
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

/** Turns of a log without end, each its own: what costs a reader memory. */
const endless: Readonly<Record<string, (turn: number) => Buffer | string>> = {
  'binary garbage': () => randomBytes(1 << 20),
  'a line that never ends': () => 'x'.repeat(1 << 20),
  'blocks, in JSON': (turn) =>
    many(10_000, (k) => ({ level: 'info', height: turn * 10_000 + k, message: 'produced block' })),
  'errors of 60 kB, no two alike': (turn) =>
    many(10, (k) => ({ level: 'error', message: `${words(turn * 10 + k)} ${'本z'.repeat(15_000)}` })),
  'a node that goes up and down': (turn) =>
    many(200, (k) => ({
      level: 'info',
      message: 'initialized raft node',
      node_id: `n${turn}-${k}-${'y'.repeat(5_000)}`,
    })),
  'the journal in JSON': (turn) =>
    many(2_000, (k) => ({
      __REALTIME_TIMESTAMP: String(1_764_000_000_000_000 + turn * 2_000 + k),
      _SYSTEMD_UNIT: 'ev-node.service',
      MESSAGE: JSON.stringify({
        level: 'error',
        error: 'leader lock lost',
        message: 'Error during shutdown',
      }),
    })),
}

const many = (count: number, one: (k: number) => object) =>
  Array.from({ length: count }, (_, k) => `${JSON.stringify(one(k))}\n`).join('')
/** Letters only: numbers are taken for the same. */
const words = (n: number) => n.toString(2).replaceAll('0', 'o').replaceAll('1', 'i')

function* pieces(turns: (turn: number) => Buffer | string, bytesMax: number): Generator<Buffer> {
  for (let turn = 0, bytes = 0; bytes < bytesMax; turn += 1) {
    const piece = Buffer.from(turns(turn))
    bytes += piece.length
    yield piece
  }
}

/** Memory of evha at its highest, in MB, while it reads so many bytes. */
async function memoryOf(turns: (turn: number) => Buffer | string, bytesMax: number, oldSpaceMb?: number) {
  const limits = oldSpaceMb === undefined ? [] : [`--max-old-space-size=${oldSpaceMb}`]
  const child = spawn(process.execPath, [...limits, built, 'explain-log', '-', '--json'], {
    env: { ...process.env, ...tellsPeak },
  })
  const ended = outputOf(child)
  // Who is read no further tells by its exit code.
  await pipeline(Readable.from(pieces(turns, bytesMax)), child.stdin).catch(() => undefined)
  const { code, stdout, stderr } = await ended
  expect(code, stderr.slice(-500)).toBe(0)
  return { mb: peakMbIn(stderr), story: JSON.parse(stdout) as LogStory }
}

beforeAll(build, 60_000)

describe.each(Object.entries(endless))('%s', (_name, turns) => {
  // What is kept of a log is held far below its size.
  test('cost no memory', async () => {
    const { story } = await memoryOf(turns, 16 * 1024 * 1024, 24)
    expect(story.lines).toBeGreaterThan(0)
  }, 60_000)

  test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly')(
    '200 MB of it are read within 200 MB of memory',
    async () => {
      const { mb } = await memoryOf(turns, 200 * 1024 * 1024)
      expect(mb).toBeGreaterThan(20)
      expect(mb).toBeLessThan(200)
    },
    300_000,
  )
})

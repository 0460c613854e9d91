import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realClock } from '../../src/run/clock.ts'
import { LiveFile, readLive } from '../../src/run/live.ts'
import { scratch } from '../journal/scratch.ts'

test('the last word and the last heights, for who looks from outside; gone when the run is put down', async () => {
  const dir = scratch()
  expect(readLive(dir)).toBeNull()
  const live = new LiveFile(dir, realClock)
  live.progress('pass 1')
  live.heights({ 'node-1': 7 })
  live.progress('pass 2')
  await expect.poll(() => readLive(dir)).toMatchObject({ progress: 'pass 2', heights: { 'node-1': 7 } })
  expect(Date.parse(readLive(dir)?.heightsAt ?? '')).toBeGreaterThan(0)
  live.progress('pass 3')
  live.end()
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(readdirSync(dir)).toEqual([])
})

test('a directory that is gone, and a file that is none of ours, are nothing to fail at', async () => {
  const dir = scratch()
  const live = new LiveFile(join(dir, 'gone'), realClock)
  live.progress('x')
  await new Promise((resolve) => setTimeout(resolve, 400))
  live.end()
  for (const text of ['', '{', '{}', 'null', '{"at":1,"progress":"x","heights":{}}']) {
    writeFileSync(join(dir, 'live.json'), text)
    expect(readLive(dir)).toBeNull()
  }
})

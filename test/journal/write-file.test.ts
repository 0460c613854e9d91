import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replaceFile, writeNewFile } from '../../src/journal/write-file.ts'
import { startChild } from './child.ts'
import { scratch } from './scratch.ts'

test('a file is replaced as a whole, mode and all', () => {
  const dir = scratch()
  const path = join(dir, 'report.json')
  replaceFile(path, 'old')
  chmodSync(path, 0o644)
  replaceFile(path, Buffer.from('new'), 0o640)
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(readdirSync(dir)).toEqual(['report.json'])
})

test('what cannot be replaced stays, and no temporary file with it', () => {
  const dir = scratch()
  mkdirSync(join(dir, 'report.json'))
  writeFileSync(join(dir, 'report.json', 'inside'), '')
  expect(() => replaceFile(join(dir, 'report.json'), 'new')).toThrow(/EISDIR|ENOTEMPTY/)
  expect(readdirSync(dir)).toEqual(['report.json'])
})

test('a new file is never written over an old one', () => {
  const path = join(scratch(), 'once')
  writeNewFile(path, 'first')
  expect(() => writeNewFile(path, 'second')).toThrow(/EEXIST/)
  expect(readFileSync(path, 'utf8')).toBe('first')
})

test('a reader, and a kill, see the old or the new content and never a part', async () => {
  const dir = scratch()
  const path = join(dir, 'state')
  const child = startChild('replacer.ts', [path])
  const seen = new Set<string>()
  while (seen.size < 5) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    seen.add(contentOf(path))
  }
  child.process.kill('SIGKILL')
  expect((await child.ended).signal).toBe('SIGKILL')
  seen.add(contentOf(path))
  for (const content of seen) expect(content).toMatch(/^$|^(\d+)(,\1){19999}$/)
})

function contentOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8')
}

// What was recorded from the real node is there to be read: a file that no test reads proves nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'

const tests = join(import.meta.dirname, '..')
const recorded = join(tests, 'fixtures', 'evnode')

const files = readdirSync(recorded, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'README.md')
  .map((entry) => relative(recorded, join(entry.parentPath, entry.name)))

const sources = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('fixtures.test.ts'))
  .map((name) => readFileSync(join(tests, name), 'utf8'))
  .join('\n')

test('there are recordings', () => {
  expect(files.length).toBeGreaterThan(30)
})

test.each(files)('%s is read by a test', (file) => {
  // Of homes a test may take all three: the name of the node is put in there.
  const ofAll = [file.replace(/node-\d/, '${node}'), file.replace(/node-\d/, '${nodeId}')]
  expect([file, ...ofAll].some((name) => sources.includes(name))).toBe(true)
})

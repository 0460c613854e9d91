// docs/faults.md names the tests that show each row: they exist.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'faults.md'), 'utf8')

/** A name in the last column: a file of test/embedded, or of another directory of test that it names. */
const fileOf = (name: string) =>
  join(import.meta.dirname, name.includes('/') ? '' : 'embedded', `${name}.test.ts`)

test('each fault names tests that exist', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what goes wrong'))
  expect(rows.length).toBeGreaterThan(15)
  for (const row of rows) {
    const names = [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    expect(names, row).not.toEqual([])
    for (const name of names) expect(existsSync(fileOf(name)), `${name}: ${row}`).toBe(true)
  }
})

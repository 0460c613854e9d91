import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alone, rounds } from './hosts/worlds.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'broken-worlds.md'), 'utf8')
const [ofCheck = ''] = page.split('Told as well')
const rows = ofCheck
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| world'))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').replace(/^`|`$/g, '')))
const code = { blocks: 3, warns: 0 } as const

test('docs/broken-worlds.md tells of every world of the host tier, and of no other', () => {
  const worlds = [
    ...Object.values(rounds)
      .flat()
      .map((one) => ({ ...one, code: code[one.level] })),
    ...alone,
  ]
  expect(rows.map(([world]) => world).sort()).toEqual(worlds.map(({ world }) => world).sort())
  for (const { world, says, cure, code } of worlds) {
    const [, told, cured, exit] = rows.find(([name]) => name === world) ?? []
    expect(told, world).toMatch(says)
    expect(cured, world).toMatch(cure)
    expect(exit, world).toBe(String(code))
  }
})

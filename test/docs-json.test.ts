// docs/json.md is made from the schemas; `EVHA_WRITE_DOCS=1 npx vitest run test/docs-json.test.ts` writes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { everyCommand, treeOf } from '../src/cli/command-tree.ts'
import { type JsonName, jsonForms, jsonSchemas } from '../src/cli/json/schema.ts'
import { buildProgram } from '../src/cli/program.ts'
import { heldToSchema, printsOf } from './json-held.ts'
import { jsonPage } from './json-page.ts'

const page = join(import.meta.dirname, '..', 'docs', 'json.md')
const tree = treeOf(buildProgram(() => async () => undefined))

test('the page on --json is what the schemas say', () => {
  if (process.env['EVHA_WRITE_DOCS'] === '1') writeFileSync(page, jsonPage)
  expect(readFileSync(page, 'utf8')).toBe(jsonPage)
})

test('every command has a schema, with each option that changes what it prints; every schema belongs to a command', () => {
  const commands = everyCommand(tree).filter(({ path }) => path.length > 0 && path.join(' ') !== 'lab')
  for (const { path } of commands) expect(printsOf(path), path.join(' ')).not.toBeNull()
  const known = commands.map(
    ({ path, options }) => [path.join(' '), options.map(({ long }) => long)] as const,
  )
  for (const { typed } of jsonForms) {
    const [words = '', option] = typed.split(/ (?=--)/)
    const command = known.find(([path]) => path === words)
    expect(command, typed).toBeDefined()
    if (option !== undefined) expect(command?.[1], typed).toContain(option)
  }
  const printed = new Set<JsonName>(['error', ...jsonForms.flatMap(({ prints }) => prints)])
  expect([...printed].sort()).toEqual(Object.keys(jsonSchemas).sort())
})

test.each([
  ['a field too many', { version: 1, peerId: 'x', more: 1 }],
  ['a field too few', { version: 1 }],
  ['another version', { version: 2, peerId: 'x' }],
  ['no version', { peerId: 'x' }],
  ['the object of another command', { version: 1, page: 'x' }],
])('what is held to a schema fails with %s', (_name, object) => {
  const args = ['peer-id', 'file', '--json']
  heldToSchema(args, JSON.stringify({ version: 1, peerId: 'x' }))
  expect(() => heldToSchema(args, JSON.stringify(object))).toThrow('evha peer-id file --json printed')
})

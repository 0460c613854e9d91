import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { everyCommand, treeOf } from '../../src/cli/command-tree.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { manPage } from '../../src/cli/man.ts'
import { buildProgram } from '../../src/cli/program.ts'

const program = buildProgram(() => () => Promise.resolve())
const page = manPage(treeOf(program))
const plain = page.replaceAll('\\-', '-')

test('every command with its options, every exit code', () => {
  const commands = everyCommand(treeOf(program)).filter(({ commands }) => commands.length === 0)
  expect(commands.length).toBeGreaterThan(12)
  for (const { path, options, summary } of commands) {
    expect(plain).toContain(`.SS "evha ${path.join(' ')}`)
    expect(plain).toContain(summary.replaceAll("'", '\\(aq'))
    for (const { long } of options.filter((option) => option.long !== '--help'))
      expect(plain).toContain(`\\fB${long}\\fR`)
  }
  for (const { long } of program.options) expect(plain).toContain(`\\fB${long}\\fR`)
  for (const code of Object.keys(exitCodes)) expect(plain).toContain(`\n.B ${code}\n`)
})

test('no line of text is taken for a request', () => {
  const known = /^\.(?:TH|SH|SS|TP|PP|B|I|nf|fi|RS|RE)\b/
  for (const line of page.split('\n')) if (/^[.']/.test(line)) expect(line).toMatch(known)
})

const readers = [
  ['mandoc', ['-Tlint', '-Werror']],
  ['groff', ['-man', '-Tascii', '-ww', '-z']],
] as const

describe.each(readers)('with %s there', (reader, args) => {
  const there = spawnSync(reader, ['-man', '/dev/null']).error === undefined
  test.skipIf(!there)('the page is read without a complaint', () => {
    const read = spawnSync(reader, [...args], { input: page, encoding: 'utf8', timeout: 30_000 })
    expect({ status: read.status, said: read.stdout + read.stderr }).toEqual({ status: 0, said: '' })
  })
})

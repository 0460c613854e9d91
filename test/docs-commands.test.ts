// Every command that a page, a help text or a sentence of evha itself names is one that evha understands, and those
// that need no host are run. How: commander itself reads them, with an action that does the work or leaves it.
import { accessSync, constants, cpSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { everyCommand, treeOf } from '../src/cli/command-tree.ts'
import { buildProgram } from '../src/cli/program.ts'
import type { Result } from '../src/cli/result.ts'
import { sharedOf } from '../src/cli/shared-options.ts'
import { readJournal } from '../src/journal/read-journal.ts'
import { runFiles } from '../src/journal/runs.ts'
import { type Documented, documentedEverywhere, filesBelow, wordsOf } from './documented.ts'
import { scratch } from './journal/scratch.ts'
import { heldToSchema } from './json-held.ts'

const root = resolve(import.meta.dirname, '..')
const fixtures = join(import.meta.dirname, 'fixtures')
const tree = treeOf(buildProgram(() => async () => undefined))
const commands = everyCommand(tree)
const all = documentedEverywhere()
const onPages = all.filter(({ program }) => program === 'evha')
const inHelp: Documented[] = commands.flatMap(({ path, examples }) =>
  examples.map(([line]) => ({
    page: `evha ${path.join(' ')} --help`,
    program: 'evha',
    words: wordsOf(line.replace(/^.*?(?=evha )/, '')),
    whole: true,
  })),
)

/** Runs a command line in this process; null when `work` is not to be done. */
async function typed(words: readonly string[], work: boolean): Promise<Result | null> {
  let result: Result | null = null
  const program = buildProgram((program) => async (act) => {
    if (work) result = await act(sharedOf(program, process.env))
  })
  await program.parseAsync([...words], { from: 'user' })
  return result
}

/** A page's words with a value for each that stands for one. */
function filled(words: readonly string[]): string[] {
  const values: Readonly<Record<string, string>> = {
    MS: '10',
    SHELL: 'bash',
    STATE: 'gate.commit',
    SIZE: '40GiB',
  }
  return words
    .map((word) => word.replace(/^\[(.*)\]$/, '$1'))
    .map((word) => (word.includes('|') ? (word.split('|')[0] ?? '') : word))
    .map((word) => values[word] ?? word)
}

/** commander's codes for what a sentence may leave out. */
const leftOut = [
  'commander.missingArgument',
  'commander.optionMissingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.help',
]

const named = ({ page, words }: Documented) => `${page}: evha ${words.join(' ')}`

test('every command of README, docs and help is one that evha understands', async () => {
  expect(onPages.length).toBeGreaterThan(100)
  expect(inHelp.length).toBeGreaterThan(30)
  const wrong: string[] = []
  for (const one of [...onPages, ...inHelp]) {
    try {
      await typed(filled(one.words), false)
    } catch (thrown) {
      if (!(thrown instanceof CommanderError)) throw thrown
      if (!one.whole && leftOut.includes(thrown.code)) continue
      wrong.push(`${named(one)}: ${thrown.message}`)
    }
  }
  expect(wrong).toEqual([])
})

test('every command that evha tells to type is one that it understands', () => {
  // In backticks inside a sentence, or as the line to paste, which begins with two spaces.
  const pattern = /(?:\\`|['`] {2})evha ([a-z][a-z-]+)([^'`,;:\n]*)/g
  const told = filesBelow('src', '.ts').flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].map(([, head = '', rest = '']) => ({
      file,
      head,
      options: rest.match(/(?<= )--[a-z-]+/g) ?? [],
    })),
  )
  expect(told.length).toBeGreaterThan(30)
  const wrong = told.flatMap(({ file, head, options }) => {
    const meant = commands.filter(({ path }) => path[0] === head)
    if (meant.length === 0) return [`${file}: evha ${head}`]
    const known = [tree, ...meant].flatMap((command) => command.options.map(({ long }) => long))
    return options.filter((long) => !known.includes(long)).map((long) => `${file}: evha ${head} ${long}`)
  })
  expect(wrong).toEqual([])
})

/** What needs neither a host nor a terminal; `prove` has a test of its own, and so has what reads stdin. */
const here = ['status', 'explain', 'report', 'peer-id', 'timing', 'explain-log', 'graph', 'completion', 'man']
const doneHere = ({ words }: Documented) =>
  (here.includes(words[0] ?? '') || words.join(' ') === 'lab status') &&
  !words.includes('-') &&
  !words.includes('--watch')

test('every documented command that needs no host is run, as it stands there', async () => {
  const stateDir = scratch()
  const from = join(fixtures, 'journals', '0.1.0-machine-3', 'migrated')
  const { run } = readJournal(from).header
  cpSync(from, runFiles(stateDir, run).dir, { recursive: true })
  const file: Readonly<Record<string, string>> = {
    'peer-id': join(fixtures, 'evnode', 'homes', 'node-1', 'node_key.json'),
    'explain-log': join(fixtures, 'evnode', 'logs', 'raft-late-joiner-crash-loop.log'),
    report: join(stateDir, 'report.out'),
  }
  const seen = new Set<string>()
  for (const one of [...onPages, ...inHelp].filter(doneHere)) {
    const [command = ''] = one.words
    // A sentence that only names a command or an option of it does not say how it is typed.
    const bare =
      one.words.length === 1 && ['peer-id', 'timing', 'explain-log', 'completion'].includes(command)
    if (bare || one.words.at(-1) === '--state-dir') continue
    const words = filled(one.words).map((word) => {
      if (word === 'RUN') return run
      return word === 'FILE' || /\.(html|log|json|md)$/.test(word) ? (file[command] ?? word) : word
    })
    const result = await typed([...words, '--state-dir', stateDir], true)
    expect(result?.exitCode, named(one)).toBe(0)
    expect(result?.text, named(one)).not.toBe('')
    heldToSchema([...words, '--json'], JSON.stringify(result?.json))
    seen.add(command)
  }
  expect([...seen].sort()).toEqual([...here, 'lab'].sort())
})

/** What tests call to type a command; the words behind stand in the call itself. The last two bring a lab up. */
const typing = /\b(?:evha|start|guided|toCommit|elsewhere|(?<labUp>labForAll|withLab))\(/g

/** Each call of a test that types a command, with its arguments. */
function callsIn(source: string): string[] {
  return [...source.matchAll(typing)].map(({ index, groups }) => {
    let depth = 0
    let end = source.indexOf('(', index)
    do {
      if (source[end] === '(') depth++
      if (source[end] === ')') depth--
      end++
    } while (depth > 0 && end < source.length)
    // The work on a lab has calls of its own.
    if (groups?.['labUp'] === undefined) return source.slice(index, end)
    return `'lab' 'up' ${source.slice(index, end).replace(/=>[\s\S]*\}/, '')}`
  })
}

test('every other documented command is typed by a test on a lab or on hosts, with all its options in one call', () => {
  const calls = ['embedded', 'hosts', 'cli', 'openssh', 'crash']
    .flatMap((room) => filesBelow(join('test', room), '.ts'))
    .flatMap((name) => callsIn(readFileSync(join(root, name), 'utf8')))
  expect(calls.length).toBeGreaterThan(100)
  const wrong = [...onPages, ...inHelp]
    .filter((one) => !doneHere(one))
    .flatMap((one) => {
      const parts = one.words.filter((word) => /^(--?[a-z-]+|[a-z][a-z-]*)$/.test(word))
      const command = commands.find(
        ({ path }) => path.length > 0 && path.every((word, k) => parts[k] === word),
      )
      const quoted = [...(command?.path ?? []), ...parts.filter((word) => word.startsWith('--'))]
      const run = calls.some((call) =>
        quoted.every((word) => call.includes(`'${word}'`) || call.includes(` ${word}`)),
      )
      return run ? [] : [named(one)]
    })
  expect([...new Set(wrong)]).toEqual([])
})

test('every script that a page names is there, can be run, and knows the word behind it', () => {
  const scripts = all.filter(({ program }) => program.startsWith('script/'))
  expect(scripts.length).toBeGreaterThan(20)
  for (const { page, program, words } of scripts) {
    accessSync(join(root, program), constants.X_OK)
    const [word] = filled(words)
    if (word === undefined || !/^(--)?[a-z-]+$/.test(word)) continue
    const own = program === 'script/sim' ? 'test/sim/main.ts' : program
    expect(readFileSync(join(root, own), 'utf8'), `${page}: ${program} ${word}`).toContain(
      word.replace(/^--/, ''),
    )
  }
})

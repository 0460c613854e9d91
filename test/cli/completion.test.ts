import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { treeOf } from '../../src/cli/command-tree.ts'
import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { placesOf } from '../../src/cli/completion/places.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { buildProgram } from '../../src/cli/program.ts'

// The real shells complete the real command tree: what a command or flag is missing in fails here.
const program = buildProgram(() => () => Promise.resolve())
const places = placesOf(treeOf(program))
const dir = mkdtempSync(join(tmpdir(), 'evha-completion-'))
const state = join(dir, 'state')
afterAll(() => rmSync(dir, { recursive: true, force: true }))
beforeAll(() => {
  for (const run of ['lab-chain-20260131T120000-a1b2', 'lab-chain-20260131T130000-c3d4'])
    mkdirSync(join(state, 'runs', run), { recursive: true })
  writeFileSync(join(dir, 'chain of mine.yaml'), '')
})

interface Typed {
  readonly words: readonly string[]
  readonly expected: readonly string[]
}

/** Straight from commander, not from what the scripts are made of. */
function commandsAndFlags(command: Command, words: readonly string[] = ['evha']): Typed[] {
  const own = command.commands.map((one) => one.name())
  const flags = [...new Set([command, program])].flatMap((one) =>
    one.options.map((option) => option.long ?? ''),
  )
  const without = command === program ? flags : flags.filter((flag) => flag !== '--version')
  return [
    ...(own.length === 0 ? [] : [{ words: [...words, ''], expected: own }]),
    { words: [...words, '--'], expected: ['--help', ...without] },
    ...command.commands.flatMap((one) => commandsAndFlags(one, [...words, one.name()])),
  ]
}

const runs = ['lab-chain-20260131T120000-a1b2', 'lab-chain-20260131T130000-c3d4']
const gates = ['cutover=', 'commit=', 'rollback=', 'finish=']
const values: readonly Typed[] = [
  { words: ['evha', 'completion', ''], expected: ['bash', 'zsh', 'fish'] },
  { words: ['evha', 'lab', 'up', '--nodes', ''], expected: ['3', '5', '7'] },
  { words: ['evha', 'mig'], expected: ['migrate'] },
  { words: ['evha', '--state-dir', state, 'lab', 'u'], expected: ['up'] },
  { words: ['evha', 'resume', '--confirm', ''], expected: gates },
  { words: ['evha', 'resume', '--confirm', 'c'], expected: ['cutover=', 'commit='] },
  { words: ['evha', 'report', '--state-dir', state, ''], expected: runs },
  { words: ['evha', '--state-dir', state, 'status', 'lab-chain-20260131T13'], expected: runs.slice(1) },
  { words: ['evha', 'status', runs[0] ?? '', ''], expected: [] },
  { words: ['evha', 'check', join(dir, 'ch')], expected: [join(dir, 'chain of mine.yaml')] },
]
const tree = commandsAndFlags(program)

test('there is a tree to compare with', () => {
  expect(tree.length).toBeGreaterThan(15)
  expect(tree.find(({ words }) => words.join(' ') === 'evha ')?.expected).toContain('migrate')
})

/** Each case's replies, in one process of the shell; a line of its own ends a case. */
function replies(
  command: string,
  args: readonly string[],
  script: string,
  cases: readonly Typed[],
): string[][] {
  const out = execFileSync(command, [...args, script], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
  })
  const all = out.split('== end\n').slice(0, -1)
  expect(all).toHaveLength(cases.length)
  return all.map((one) => one.split('\n').filter((line) => line !== ''))
}

const word = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

function expectReplies(cases: readonly Typed[], found: readonly (readonly string[])[]): void {
  for (const [i, { words, expected }] of cases.entries())
    expect([...(found[i] ?? [])].sort(), words.join(' ')).toEqual([...expected].sort())
}

test('bash completes every command, every flag and the values it can know', () => {
  const script = [...tree, ...values]
    .map(({ words }) => {
      return `COMP_WORDS=(${words.map(word).join(' ')}); COMP_CWORD=${words.length - 1}; _evha 2>&1; printf '%s\n' "\${COMPREPLY[@]}"; echo '== end'`
    })
    .join('\n')
  const file = join(dir, 'evha.bash')
  writeFileSync(file, bashCompletion(places))
  expectReplies(
    [...tree, ...values],
    replies('bash', ['--norc', '-c'], `set -u\n. ${word(file)}\n${script}`, [...tree, ...values]),
  )
})

test('bash, which cuts words at =, completes --option=value all the same', () => {
  const file = join(dir, 'evha.bash')
  writeFileSync(file, bashCompletion(places))
  const cut: readonly Typed[] = [
    { words: ['evha', 'lab', 'up', '--nodes', '=', ''], expected: ['3', '5', '7'] },
    { words: ['evha', 'lab', 'up', '--nodes', '='], expected: ['3', '5', '7'] },
    { words: ['evha', '--state-dir', '=', state, 'report', ''], expected: runs },
    { words: ['evha', 'resume', '--confirm', 'cutover', '=', 'lab-chain', '--js'], expected: ['--json'] },
  ]
  const script = cut
    .map(
      ({ words }) =>
        `COMP_WORDS=(${words.map(word).join(' ')}); COMP_CWORD=${words.length - 1}; _evha 2>&1; printf '%s\n' "\${COMPREPLY[@]}"; echo '== end'`,
    )
    .join('\n')
  expectReplies(cut, replies('bash', ['--norc', '-c'], `set -u\n. ${word(file)}\n${script}`, cut))
})

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0

describe.skipIf(!has('zsh'))('with zsh there', () => {
  test('zsh does so too', () => {
    const file = join(dir, '_evha')
    writeFileSync(file, zshCompletion(places))
    // zsh's own helpers need its line editor; what they are handed is what is looked at.
    const helpers = `
compdef() { : }
compset() { : }
begun() { local one; for one in "$@"; do [[ $one == "$words[CURRENT]"* ]] && print -r -- "$one"; done }
compadd() { [[ $1 == -S ]] && shift 2; shift; begun "$@" }
_describe() { local -a all; all=("\${(@P)2}"); begun "\${(@)all%%:*}" }
_files() { print -l -- $words[CURRENT]*(N) }`
    const script = [...tree, ...values]
      .map(
        ({ words }) => `words=(${words.map(word).join(' ')}); CURRENT=${words.length}; _evha; print '== end'`,
      )
      .join('\n')
    expectReplies(
      [...tree, ...values],
      replies('zsh', ['-f', '-c'], `${helpers}\n. ${word(file)}\n${script}`, [...tree, ...values]),
    )
  })
})

describe.skipIf(!has('fish'))('with fish there', () => {
  test('fish does so too', () => {
    const file = join(dir, 'evha.fish')
    writeFileSync(file, fishCompletion(places))
    const quoted = (text: string) => `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`
    const cases = [...tree, ...values].filter(({ words }) => !words.join(' ').includes(' /'))
    const script = cases
      .map(
        ({ words }) => `complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' ''; echo '== end'`,
      )
      .join('\n')
    const found = replies('fish', ['--no-config', '-c'], `source ${quoted(file)}\n${script}`, cases)
    expectReplies(
      cases,
      found.map((one) => one.filter((line) => line !== '-h' && line !== '-v')),
    )
  })
})

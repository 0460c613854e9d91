import type { Command } from 'commander'
import { evhaVersion } from '../run/version.ts'
import { type CommandShape, everyCommand, type OptionShape, treeOf } from './command-tree.ts'
import { exitCodes } from './exit-codes.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** `evha man` */
export function addMan(program: Command, act: Act): void {
  explain(program.command('man'), 'the manual page, as roff', [
    ['evha man | man -l -', 'read it'],
    ['evha man > /usr/local/share/man/man1/evha.1', 'install it'],
  ]).action(() =>
    act(() => {
      const page = manPage(treeOf(program))
      return { exitCode: 0, json: jsonOf('man', { page }), text: page }
    }),
  )
}

/** The manual page of the whole command tree. */
export function manPage(tree: CommandShape): string {
  const [, ...commands] = everyCommand(tree)
  return [
    // Without a date: the page is made anew by each version and says which.
    `.TH EVHA 1 "" "evha ${roff(evhaVersion)}" "evha manual"`,
    '.SH NAME',
    `evha \\- ${roff(tree.summary)}`,
    '.SH SYNOPSIS',
    '.B evha',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    'Guided on a terminal; off one it asks nothing and prints the command that goes on.',
    'What is data goes to stdout, talk to stderr.',
    ...examples(tree),
    '.SH COMMANDS',
    ...commands.filter((command) => command.commands.length === 0).flatMap(section),
    '.SH OPTIONS',
    'Every command understands these.',
    ...tree.options.flatMap(optionLines),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH ENVIRONMENT',
    ...Object.entries(environment).flatMap(([name, meaning]) => ['.TP', `.B ${name}`, roff(meaning)]),
    '.SH FILES',
    '.TP',
    `.I ${roff('~/.local/state/evha')}`,
    'Runs with journal, log and runbook, and the lab.',
    '',
  ].join('\n')
}

const environment = {
  XDG_STATE_HOME: 'where the state directory lies, unless --state-dir names one',
  NO_COLOR: 'when set and not empty, nothing is coloured',
  FORCE_COLOR: 'colours also what is no terminal',
  CI: 'when set and not empty, nobody is asked',
} as const

function section(command: CommandShape): string[] {
  const words = command.arguments.map(({ name, required }) => {
    const word = name.toUpperCase()
    return ` \\fI${roff(required ? word : `[${word}]`)}\\fR`
  })
  return [
    `.SS "evha ${roff(command.path.join(' '))}${words.join('')}"`,
    roff(`${command.summary}.`),
    ...command.arguments.flatMap(({ name, summary }) => [
      '.TP',
      `.I ${roff(name.toUpperCase())}`,
      roff(summary),
    ]),
    ...command.options.filter(({ long }) => long !== '--help').flatMap(optionLines),
    ...examples(command),
  ]
}

function optionLines({ short, long, summary, value }: OptionShape): string[] {
  const names = [...(short === null ? [] : [short]), long].map((name) => `\\fB${roff(name)}\\fR`).join(', ')
  return ['.TP', value === null ? names : `${names} \\fI${roff(value.name)}\\fR`, roff(summary)]
}

function examples({ examples: all }: CommandShape): string[] {
  if (all.length === 0) return []
  const lines = all.map(([line, what]) => roff(what === '' ? line : `${line}    # ${what}`))
  return ['.PP', 'Examples:', '.PP', '.nf', '.RS', ...lines, '.RE', '.fi']
}

/** Text as roff prints it: no escape of its own, no line that is a request. */
function roff(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq')
  return /^[.']/.test(plain) ? `\\&${plain}` : plain
}

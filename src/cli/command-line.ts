import { type Command, CommanderError } from 'commander'
import { EvhaError } from '../base/errors.ts'
import type { ExitCode } from './exit-codes.ts'
import { failed } from './failed.ts'
import { examplesOf, fullName } from './help.ts'
import { talk, writeData } from './output.ts'
import { buildProgram } from './program.ts'
import type { Result } from './result.ts'
import { sharedOf } from './shared-options.ts'

/** Runs one command line and gives the exit code; stdout has got its data by then. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  let result: Result | null = null
  const program = buildProgram((program) => async (work) => {
    result = await work(sharedOf(program, process.env))
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    // Help that was not asked for: there was no command. It was shown; a program gets its object all the same.
    if (isMissingCommand(thrown) && !asWritten(argv).json) return 2
    result = failed(
      thrown instanceof CommanderError ? usageOf(thrown, typedCommand(program, argv)) : thrown,
      { shared: asWritten(argv) },
    )
  }
  return print(result, argv)
}

/** One sentence for an error that nothing expected and nobody caught. */
export function surprised(thrown: unknown, argv: readonly string[]): ExitCode {
  return print(failed(thrown, { shared: asWritten(argv) }), argv)
}

function isMissingCommand(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.code === 'commander.help'
}

function print(result: Result | null, argv: readonly string[]): ExitCode {
  if (result === null) return 2
  if (!asWritten(argv).json) writeData(result.text)
  else if (result.json !== null) writeData(`${JSON.stringify(result.json, null, 2)}\n`)
  talk(result.last ?? [])
  return result.exitCode
}

/** Switches as they stand on a command line that may be too wrong to be parsed. */
function asWritten(argv: readonly string[]): { json: boolean; color: boolean; verbose: boolean } {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return {
    json: options.includes('--json'),
    color: !options.includes('--no-color'),
    verbose: options.includes('-v') || options.includes('--verbose'),
  }
}

/** The command that was meant, as far as its words are known. */
function typedCommand(program: Command, argv: readonly string[]): Command {
  return argv.reduce(
    (command, word) => command.commands.find((one) => one.name() === word) ?? command,
    program,
  )
}

/** commander's words as ours: its sentence, and its suggestion as the cure; else an example of the command. */
function usageOf(error: CommanderError, command: Command): EvhaError {
  const words = isMissingCommand(error) ? 'no command is given' : error.message
  const [first = '', suggestion = ''] = words.replace(/^error: /, '').split('\n')
  const meant = /^\((.*)\)$/.exec(suggestion)?.[1]
  return new EvhaError({
    kind: 'usage',
    message: first,
    changedAnything: 'no',
    retryable: false,
    hint: meant === undefined ? howToType(command) : lowerFirst(meant),
  })
}

function howToType(command: Command): string {
  const [example] = examplesOf(command)
  if (command.parent === null || example === undefined) return '`evha --help` shows commands and options'
  return `${example[0]}; \`${fullName(command)} --help\` shows all of it`
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

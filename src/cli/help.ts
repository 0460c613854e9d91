import type { Command } from 'commander'
import { exitCodeTable } from './exit-codes.ts'

export type Example = readonly [command: string, what: string]

const told = new WeakMap<Command, readonly Example[]>()

/** The examples a command was explained with. */
export const examplesOf = (command: Command): readonly Example[] => told.get(command) ?? []

/** A command's help: what it is, examples first, then usage and options; the exit codes at the end. */
export function explain(command: Command, sentence: string, examples: readonly Example[]): Command {
  told.set(command, examples)
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd())
  return command
    .summary(sentence)
    .addHelpText('before', `${fullName(command)}: ${sentence}\n\nExamples:\n${lines.join('\n')}\n`)
    .addHelpText('after', `\n${exitCodeTable()}`)
}

/** `evha lab up` */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

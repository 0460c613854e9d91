import type { Argument, Command, Option } from 'commander'
import { gates } from '../base/names.ts'
import { type Example, examplesOf } from './help.ts'

/** What may stand where a value is wanted. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** A gate and a chain id, joined with `=`. */
  | { readonly kind: 'confirm'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'directories' | 'runs' | 'anything' }

export interface OptionShape {
  readonly short: string | null
  readonly long: string
  readonly summary: string
  /** null: a switch. */
  readonly value: { readonly name: string; readonly values: Values } | null
}

export interface ArgumentShape {
  readonly name: string
  readonly summary: string
  readonly required: boolean
  readonly values: Values
}

/** One command as data: what completion and man page are made of. */
export interface CommandShape {
  /** The words after `evha`; empty for evha itself. */
  readonly path: readonly string[]
  readonly summary: string
  readonly examples: readonly Example[]
  readonly arguments: readonly ArgumentShape[]
  /** Its own; those that every command understands stand at evha itself. */
  readonly options: readonly OptionShape[]
  readonly commands: readonly CommandShape[]
}

/** The command tree of a program, hidden commands and options left out. */
export function treeOf(command: Command): CommandShape {
  const help = command.createHelp()
  return {
    path: pathOf(command),
    summary: command.summary(),
    examples: examplesOf(command),
    arguments: command.registeredArguments.map(argumentOf),
    options: help.visibleOptions(command).map(optionOf),
    commands: help
      .visibleCommands(command)
      // commander's own `help` stands for --help of each.
      .filter((one) => one.name() !== 'help')
      .map(treeOf),
  }
}

/** All commands of a tree, evha itself first. */
export function everyCommand(tree: CommandShape): CommandShape[] {
  return [tree, ...tree.commands.flatMap(everyCommand)]
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()]
}

function optionOf(option: Option): OptionShape {
  const wanted = /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1]
  return {
    short: option.short ?? null,
    long: option.long ?? '',
    summary: option.description,
    value: wanted === undefined ? null : { name: wanted, values: valuesOf(wanted, option.argChoices) },
  }
}

function argumentOf(argument: Argument): ArgumentShape {
  return {
    name: argument.name(),
    summary: argument.description,
    required: argument.required,
    values: valuesOf(argument.name(), argument.argChoices),
  }
}

/** By its choices, else by its name: names are used for one kind of value throughout. */
function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: 'words', words: choices }
  if (name === 'run') return { kind: 'runs' }
  if (name === 'dir') return { kind: 'directories' }
  if (name.endsWith('file') || name === 'runbook') return { kind: 'files' }
  if (name === 'gate=chain-id') return { kind: 'confirm', words: gates.map((gate) => `${gate}=`) }
  return { kind: 'anything' }
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import { stateDirectory } from '../journal/runs.ts'
import { parseConfirms } from './confirms.ts'

/** The options every command understands. */
export interface Shared {
  readonly json: boolean
  readonly color: boolean
  /** Absolute, so that a printed command works from any directory. */
  readonly stateDir: string
  /** False when no question may be asked: --no-input, or --json. */
  readonly input: boolean
  readonly yes: boolean
  readonly confirms: ReadonlyMap<Gate, string>
  readonly verbose: boolean
}

interface Written {
  readonly json?: boolean
  readonly color: boolean
  readonly stateDir?: string
  readonly input: boolean
  readonly yes?: boolean
  readonly confirm?: readonly string[]
  readonly verbose?: boolean
}

const collect = (value: string, before: readonly string[] = []) => [...before, value]

/** Adds them to the program; they may stand before or after the command's name. */
export function addSharedOptions(program: Command): void {
  program
    .option('--json', 'print one JSON object on stdout, and ask nothing')
    .option('--no-color', 'print without colour')
    .option('--state-dir <dir>', 'where runs and the lab are kept (default: ~/.local/state/evha)')
    .option('--no-input', 'ask nothing; at a gate, stop and print the command that goes on')
    .option('--yes', 'answer plain questions with yes; no gate is one')
    .option(
      '--confirm <gate=chain-id>',
      'approve a gate ahead, if every check passes there; repeatable',
      collect,
    )
    .option('-v, --verbose', 'print the stack of an unexpected error')
}

/** The shared options as they were written. Throws EvhaError 'usage' for a wrong value. */
export function sharedOf(program: Command, env: Readonly<NodeJS.ProcessEnv>): Shared {
  const written = program.opts<Written>()
  if (written.stateDir === '') {
    throw new EvhaError({
      kind: 'usage',
      message: '--state-dir names no directory',
      changedAnything: 'no',
      retryable: false,
      hint: 'give a path, or leave the option out',
    })
  }
  const json = written.json === true
  return {
    json,
    color: written.color,
    stateDir: resolve(stateDirectory(env, written.stateDir)),
    input: written.input && !json,
    yes: written.yes === true,
    confirms: parseConfirms(written.confirm ?? []),
    verbose: written.verbose === true,
  }
}

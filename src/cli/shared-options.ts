import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Gate, gates } from '../base/names.ts'
import { stateDirectory } from '../journal/runs.ts'
import { type Style, styleFor } from '../ui/style.ts'

/** Options every command has. */
export interface Shared {
  readonly json: boolean
  readonly input: boolean
  readonly yes: boolean
  readonly verbose: boolean
  readonly color: boolean
  readonly stateDir: string
  readonly confirms: ReadonlyMap<Gate, string>
}

export function withSharedOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON object on stdout, no prompts', false)
    .option('--no-color', 'no colour')
    .option('--state-dir <dir>', 'where runs are kept (default: $XDG_STATE_HOME/evha or ~/.local/state/evha)')
    .option('--no-input', 'ask nothing')
    .option('--yes', 'answer reversible questions with yes; never covers a gate', false)
    .addOption(
      new Option('--confirm <gate=chain>', `approve a gate ahead: ${gates.join(', ')} (repeatable)`)
        .argParser(parseConfirm)
        .default(new Map<Gate, string>(), 'none'),
    )
    .option('-v, --verbose', 'more detail, stack traces of defects', false)
}

export function readShared(options: Record<string, unknown>): Shared {
  const given = options['stateDir'] as string | undefined
  return {
    json: options['json'] === true,
    input: options['input'] !== false,
    yes: options['yes'] === true,
    verbose: options['verbose'] === true,
    color: options['color'] !== false,
    stateDir: resolve(stateDirectory(process.env, given)),
    confirms: options['confirm'] as ReadonlyMap<Gate, string>,
  }
}

export const stderrStyle = ({ color }: Shared): Style => styleFor(process.stderr, color)

/** `GATE=CHAIN_ID`, added to those given before; the chain is compared with the runbook's later. */
function parseConfirm(value: string, before: ReadonlyMap<Gate, string>): ReadonlyMap<Gate, string> {
  const at = value.indexOf('=')
  const gate = gates.find((one) => one === value.slice(0, Math.max(at, 0)))
  if (gate === undefined || at === value.length - 1)
    throw new InvalidArgumentError(`Write --confirm GATE=CHAIN_ID, where GATE is one of ${gates.join(', ')}.`)
  return new Map([...before, [gate, value.slice(at + 1)]])
}

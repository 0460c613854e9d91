import { knownVersion } from '../../evnode/version.ts'
import type { App } from './app.ts'
import { standinEnvironment } from './environment.ts'
import { NodeFailure } from './failure.ts'
import { usageText } from './flag-specs.ts'
import { type Flags, parseFlags } from './flags.ts'
import { init } from './init.ts'
import { netInfo } from './net-info.ts'
import { rollback } from './rollback.ts'
import { start } from './start.ts'

type Command = (flags: Flags, app: App) => Promise<void> | void

const commands: Readonly<Record<string, Command>> = {
  init,
  start: (flags, app) => start(flags, standinEnvironment(process.env, app)),
  rollback: (flags, app) => rollback(flags, standinEnvironment(process.env, app)),
  'net-info': (flags, app) => netInfo(flags, standinEnvironment(process.env, app)),
  version: () => {
    process.stdout.write(
      `stand-in for ev-node ${knownVersion}, made for the lab of evha: not the real node\n`,
    )
  },
}
const aliases: Readonly<Record<string, string>> = { run: 'start', node: 'start' }

/** Runs one command of an application: the real node's command line, files, RPC and log lines. Resolves to the exit code. */
export async function commandLine(app: App, [word = '', ...rest]: readonly string[]): Promise<number> {
  process.stderr.on('error', () => {})
  const command = aliases[word] ?? word
  const action = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (action === undefined) {
    process.stderr.write(
      `Error: unknown command "${word}" for "${app}"\nRun '${app} --help' for usage.\nunknown command "${word}" for "${app}"\n`,
    )
    return 1
  }
  try {
    const flags = parseFlags(rest, command, app)
    if (flags.help) process.stdout.write(usageText(command, app))
    else await action(flags, app)
    return 0
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    const detail = thrown instanceof NodeFailure ? '' : `${thrown instanceof Error ? thrown.stack : ''}\n`
    process.stderr.write(`${detail}Error: ${text}\n${usageText(command, app)}\n${text}\n`)
    return 1
  }
}

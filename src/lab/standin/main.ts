#!/usr/bin/env node
// The stand-in node of evha's lab: the real node's command line, files, RPC and log lines. It is not the real node.
import { knownVersion } from '../../evnode/version.ts'
import { standinEnvironment } from './environment.ts'
import { NodeFailure } from './failure.ts'
import { usageText } from './flag-specs.ts'
import { type Flags, parseFlags } from './flags.ts'
import { init } from './init.ts'
import { netInfo } from './net-info.ts'
import { rollback } from './rollback.ts'
import { start } from './start.ts'

const commands: Readonly<Record<string, (flags: Flags) => Promise<void> | void>> = {
  init,
  start: (flags) => start(flags, standinEnvironment(process.env)),
  rollback: (flags) => rollback(flags, standinEnvironment(process.env)),
  'net-info': (flags) => netInfo(flags, standinEnvironment(process.env)),
  version: () => {
    process.stdout.write(
      `stand-in for ev-node ${knownVersion}, made for the lab of evha: not the real node\n`,
    )
  },
}
const aliases: Readonly<Record<string, string>> = { run: 'start', node: 'start' }

const [word = '', ...rest] = process.argv.slice(2)
const command = aliases[word] ?? word
process.stderr.on('error', () => {})
process.exit(await run())

async function run(): Promise<number> {
  const action = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (action === undefined) {
    process.stderr.write(
      `Error: unknown command "${word}" for "testapp"\nRun 'testapp --help' for usage.\nunknown command "${word}" for "testapp"\n`,
    )
    return 1
  }
  try {
    const flags = parseFlags(rest, command)
    if (flags.help) process.stdout.write(usageText(command))
    else await action(flags)
    return 0
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    const detail = thrown instanceof NodeFailure ? '' : `${thrown instanceof Error ? thrown.stack : ''}\n`
    process.stderr.write(`${detail}Error: ${text}\n${usageText(command)}\n${text}\n`)
    return 1
  }
}

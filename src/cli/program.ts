import { Command, CommanderError } from 'commander'
import { EvhaError, failureOf } from '../base/errors.ts'
import { evhaVersion } from '../run/version.ts'
import { failureText } from '../ui/failure-text.ts'
import { addAbort } from './abort.ts'
import { addCheck } from './check.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { addLab } from './lab.ts'
import { addMigrate } from './migrate.ts'
import { talk, tellJson } from './output.ts'
import { addPeerId } from './peer-id.ts'
import { addReport } from './report.ts'
import { addResume } from './resume.ts'
import { type Shared, withSharedOptions } from './shared-options.ts'
import { addStatus } from './status.ts'

/** A command's work; resolves to its exit code. */
export type Work = () => Promise<number>
export type AddCommand = (program: Command, run: (shared: Shared, work: Work) => Promise<void>) => Command

const adders: readonly AddCommand[] = [
  addCheck,
  addMigrate,
  addResume,
  addAbort,
  addStatus,
  addReport,
  addLab,
  addPeerId,
]

const examples = `
Examples:
  evha lab up                              an embedded lab with a running chain
  evha check runbook.yaml                  look at every host, change nothing
  evha migrate runbook.yaml                the guided migration
  evha resume                              go on with the newest run
  evha migrate runbook.yaml --confirm cutover=my-chain --confirm commit=my-chain
                                           without a terminal, gates approved ahead
`

/** The whole command line; returns its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code = 0
  const run = async (shared: Shared, work: Work) => {
    code = await tellFailures(shared, work)
  }
  const program = new Command('evha')
    .description('takes a live ev-node single sequencer to a Raft cluster over SSH')
    .version(evhaVersion)
    .exitOverride()
    .configureOutput({ writeErr: talk })
    .showSuggestionAfterError()
    .addHelpText('beforeAll', '')
    .addHelpText(
      'after',
      `${examples}\nExit codes:\n${exitCodes.map(([one, says]) => `  ${one.padEnd(9)}${says}`).join('\n')}\n`,
    )
  for (const add of adders) shareWithAll(add(program, run).exitOverride())
  try {
    await program.parseAsync([...argv])
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

function shareWithAll(command: Command): void {
  if (command.commands.length === 0) withSharedOptions(command)
  for (const child of command.commands) withSharedOptions(child.exitOverride())
}

async function tellFailures(shared: Shared, work: Work): Promise<number> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (shared.json) tellJson({ error: failure })
    talk(`${failureText(failure)}\n`)
    if (shared.verbose && !(error instanceof EvhaError) && error instanceof Error) talk(`${error.stack}\n`)
    return exitCodeFor(failure)
  }
}

import { Command } from 'commander'
import { evhaVersion } from '../run/version.ts'
import { addAbort } from './abort.ts'
import { addAdopt } from './adopt.ts'
import { addCheck } from './check.ts'
import { addCompletion } from './completion.ts'
import { addExplain } from './explain.ts'
import { addExplainLog } from './explain-log.ts'
import { addGraph } from './graph.ts'
import { explain } from './help.ts'
import { addInit } from './init.ts'
import { addLab } from './lab.ts'
import { addLock } from './lock.ts'
import { addMan } from './man.ts'
import { addMigrate } from './migrate.ts'
import { addPause } from './pause.ts'
import { addPeerId } from './peer-id.ts'
import { addPlan } from './plan.ts'
import { addProve } from './prove.ts'
import { addRehearse } from './rehearse.ts'
import { addReport } from './report.ts'
import type { Act } from './result.ts'
import { addResume } from './resume.ts'
import { addRollback } from './rollback.ts'
import { addSharedOptions } from './shared-options.ts'
import { addStatus } from './status.ts'
import { addTiming } from './timing.ts'

const sentence = 'takes a live ev-node single sequencer to a Raft cluster over SSH'
const helpColumns = 80

/** The whole command line: every command with its help. Ends by throwing CommanderError, never by leaving. */
export function buildProgram(act: (program: Command) => Act): Command {
  const program = new Command('evha')
    .exitOverride()
    .configureOutput({
      // Said once, by who catches the error.
      outputError: () => undefined,
      getOutHelpWidth: () => helpColumns,
      getErrHelpWidth: () => helpColumns,
    })
    .configureHelp({ showGlobalOptions: true })
    .version(evhaVersion, '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
  explain(program, sentence, [
    ['evha lab up', 'a chain on this machine to try it all on'],
    ['evha init', 'write a runbook for your chain'],
    ['evha check runbook.yaml', 'what stands against a migration, and the cure'],
    ['evha plan runbook.yaml', 'what would happen, command by command'],
    ['evha migrate runbook.yaml', 'migrate, guided'],
    ['evha resume', 'go on after an interruption'],
  ])
  addSharedOptions(program)
  const acting = act(program)
  for (const add of [
    addInit,
    addCheck,
    addPlan,
    addRehearse,
    addMigrate,
    addResume,
    addAdopt,
    addAbort,
    addRollback,
    addLock,
    addPause,
    addStatus,
    addExplain,
    addReport,
    addLab,
    addPeerId,
    addTiming,
    addExplainLog,
    addGraph,
    addProve,
    addCompletion,
    addMan,
  ])
    add(program, acting)
  return program
}

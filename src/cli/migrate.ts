import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import type { DriveOptions } from '../run/api.ts'
import { startRun } from '../run/drive.ts'
import { isPlanFile, readPlan } from '../run/plan-file.ts'
import { startPlanned } from '../run/start-planned.ts'
import { driveCommand } from './drive.ts'
import { explain } from './help.ts'
import { dryRun } from './plan.ts'
import type { Act } from './result.ts'

interface Options {
  readonly dryRun?: boolean
  readonly rehearsal?: string
  readonly waiveRehearsal?: string
}

/** `evha migrate RUNBOOK` */
export function addMigrate(program: Command, act: Act): void {
  explain(program.command('migrate'), 'the guided migration, gate by gate', [
    ['evha migrate runbook.yaml', 'asks at each gate'],
    ['evha migrate runbook.yaml --confirm cutover=my-chain', 'approves a gate ahead'],
    ['evha migrate runbook.yaml --dry-run', 'looks at every host, prints every command, changes nothing'],
    ['evha migrate plan.json', 'as it was planned, or not at all'],
  ])
    .argument('<runbook>', 'the runbook file, or a plan that was saved')
    .option(
      '--rehearsal <digest>',
      'the rehearsal that stands for this migration; asked for unless `staging: true`',
    )
    .option('--waive-rehearsal <name>', 'go without one, in your name; the report tells it')
    .option('--dry-run', 'print what would be run on which host, and change nothing')
    .action((file: string, { dryRun: onPaper, ...written }: Options) =>
      act((shared) => {
        const rehearsal = rehearsalOf(written)
        const saved = isPlanFile(file)
        if (onPaper === true) return dryRun(saved ? readPlan(file).runbook.path : file, shared)
        return driveCommand(shared, (given) => {
          const options = rehearsal === null ? given : { ...given, rehearsal }
          return saved ? startPlanned(file, options) : startRun(file, options)
        })
      }),
    )
}

function rehearsalOf({
  rehearsal,
  waiveRehearsal,
}: Options): Exclude<DriveOptions['rehearsal'], undefined> | null {
  const refuse = (message: string, hint: string) =>
    new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
  if (rehearsal !== undefined && waiveRehearsal !== undefined)
    throw refuse('--rehearsal and --waive-rehearsal are both given', 'give one of them')
  if (rehearsal !== undefined && !/^[0-9a-f]{12,64}$/.test(rehearsal))
    throw refuse(
      `--rehearsal ${rehearsal} is no digest`,
      'it is what evha rehearse printed, or its first twelve digits at least',
    )
  if (waiveRehearsal !== undefined && !/^[^\p{Cc}]*\p{L}[^\p{Cc}]*$/u.test(waiveRehearsal))
    throw refuse('--waive-rehearsal names nobody', 'write your name: --waive-rehearsal "Ada L."')
  if (rehearsal !== undefined) return { kind: 'named', digest: rehearsal }
  return waiveRehearsal === undefined ? null : { kind: 'waived', by: waiveRehearsal.trim() }
}

import { type Command, InvalidArgumentError, Option } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { quote } from '../remote/render.ts'
import type { DriveOptions } from '../run/api.ts'
import { keepRecord } from '../run/rehearsal-record.ts'
import { rehearse, type Stage } from '../run/rehearse.ts'
import { cleanStaging, stagingStage } from '../run/rehearse-staging.ts'
import { loadRunbook } from '../runbook/load.ts'
import { Narrator } from '../ui/narrator.ts'
import { rehearsalText } from '../ui/rehearse-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { tellPress } from './drive.ts'
import { explain } from './help.ts'
import { watchInterrupts } from './interrupts.ts'
import { jsonOf } from './json/schema.ts'
import { labStage } from './lab-stage.ts'
import { talk } from './output.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'

interface Options {
  readonly on?: 'lab'
  readonly production?: string
  readonly data?: number
  readonly times: number
  readonly fast: boolean
  readonly evm: boolean
  readonly keep: boolean
  readonly clean: boolean
}

/** `evha rehearse [RUNBOOK]` */
export function addRehearse(program: Command, act: Act): void {
  explain(
    program.command('rehearse'),
    'the whole migration on a throwaway chain: overrun, return, cutover, failover, rollback',
    [
      ['evha rehearse --on lab', 'on an embedded lab, with stand-in nodes'],
      ['evha rehearse staging.yaml --production runbook.yaml', 'on hosts marked `staging: true`'],
      [
        'evha rehearse staging.yaml --production runbook.yaml --data 40GiB',
        'with files of the real size to seed',
      ],
      ['evha rehearse staging.yaml --clean', 'take away what a rehearsal left that did not end'],
    ],
  )
    .argument('[runbook]', 'a runbook with `staging: true`; with --on lab the one whose size is rehearsed')
    .addOption(new Option('--on <where>', 'where: lab, the embedded one').choices(['lab']))
    .option('--production <runbook>', 'the production runbook: its key, genesis and namespace are refused')
    .addOption(new Option('--data <size>', 'files to seed beside the chain, such as 40GiB').argParser(bytes))
    .addOption(new Option('--times <n>', 'how often, 1 to 20').argParser(times).default(1))
    .option('--fast', 'on the lab: blocks every 100 ms; for tests, not for figures', false)
    .option('--evm', 'on the lab: a chain whose nodes drive execution clients, as the runbook may say', false)
    .option('--keep', 'leave the throwaway chain running at the end', false)
    .option('--clean', 'only take away what an earlier rehearsal laid', false)
    .action((runbook: string | undefined, options: Options) =>
      act((shared) => (options.clean ? clean(runbook, shared) : run(runbook, options, shared))),
    )
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}
const bytesMax = 16 * 1024 ** 4

function bytes(text: string): number {
  const found = /^(\d{1,15})(KiB|MiB|GiB|TiB)?$/.exec(text)
  const size = Number(found?.[1]) * (units[found?.[2] ?? ''] ?? Number.NaN)
  if (size <= bytesMax) return size
  throw new InvalidArgumentError('It must be a size up to 16TiB, such as 500MiB or 40GiB.')
}

function times(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= 20) return number
  throw new InvalidArgumentError('It must be a whole number from 1 to 20.')
}

async function run(runbook: string | undefined, options: Options, shared: Shared): Promise<Result> {
  const { stderr, stdin, stdout, env } = process
  const palette = paletteOf(wantsColour(stderr, env, shared.color))
  const narrator = new Narrator(stderr, palette)
  const interrupts = watchInterrupts((press, signal) => tellPress(press, signal, narrator, shared))
  const passphraseOf = terminalPassphrase({ ...shared, stdin, stderr, env, closing: interrupts.closing })
  const drive: DriveOptions = {
    stateDir: shared.stateDir,
    confirms: new Map(),
    approver: { ask: () => Promise.resolve('later') },
    observer: narrator,
    passphraseOf,
    stopNow: interrupts.stopNow,
    stopSoon: interrupts.stopSoon,
  }
  try {
    const stage = stageOf(runbook, options, shared, drive)
    const tell = (title: string) => talk(['', palette.strong(title)])
    const record = await rehearse(stage, drive, options.times, tell)
    const file = keepRecord(shared.stateDir, record)
    const ended = interrupts.exitCode()
    return {
      exitCode: record.ok ? 0 : (ended ?? (record.signedTwice.length > 0 ? 6 : 1)),
      json: jsonOf('rehearsal', { ...record, file }),
      text: rehearsalText(record, paletteOf(wantsColour(stdout, env, shared.color))),
      last: [
        `kept: ${file}`,
        ...(record.ok
          ? nextAfter(options, record.digest)
          : nextAfterFailure(runbook, record.runs.at(-1), options, shared)),
      ],
    }
  } finally {
    interrupts.release()
  }
}

function stageOf(runbook: string | undefined, options: Options, shared: Shared, drive: DriveOptions): Stage {
  if (options.on === 'lab')
    return labStage({
      stateDir: shared.stateDir,
      fast: options.fast,
      evm: options.evm,
      like: runbook === undefined ? null : loadRunbook(runbook),
    })
  if (runbook === undefined)
    throw usage(
      'no runbook is given',
      'evha rehearse --on lab; or evha rehearse STAGING-RUNBOOK --production RUNBOOK',
    )
  return stagingStage({
    runbook: loadRunbook(runbook),
    production: options.production === undefined ? null : loadRunbook(options.production),
    stateDir: shared.stateDir,
    ballastBytes: options.data ?? 0,
    keep: options.keep,
    ask: drive.passphraseOf,
    signal: drive.stopNow,
    tell: (text) => drive.observer.progress(text),
  })
}

function nextAfter({ on, production }: Options, digest: string): string[] {
  if (on === 'lab')
    return [
      'a lab stands for no production: its nodes have another binary; rehearse on staging hosts for that',
    ]
  return [
    'migrate with it:',
    `  evha migrate ${quote(production ?? 'RUNBOOK')} --rehearsal ${digest.slice(0, 16)}`,
  ]
}

function nextAfterFailure(
  runbook: string | undefined,
  run: string | undefined,
  { on }: Options,
  shared: Shared,
): string[] {
  const state = `--state-dir ${quote(shared.stateDir)}`
  const why = run === undefined ? [] : ['what happened:', `  evha report ${quote(run)} ${state}`]
  if (on === 'lab' || runbook === undefined) return why
  return [
    ...why,
    'the hosts are left as they are; once you have seen enough:',
    ...(run === undefined
      ? []
      : [`  evha abort ${quote(run)} ${state}    # or evha rollback, after the point of no return`]),
    `  evha rehearse ${quote(runbook)} --clean`,
  ]
}

async function clean(runbook: string | undefined, shared: Shared): Promise<Result> {
  if (runbook === undefined) throw usage('no runbook is given', 'evha rehearse STAGING-RUNBOOK --clean')
  const { stderr, stdin, env } = process
  const closing = new AbortController().signal
  const cleaned = await cleanStaging(
    loadRunbook(runbook),
    terminalPassphrase({ ...shared, stdin, stderr, env, closing }),
  )
  return { exitCode: 0, json: jsonOf('cleaned', { cleaned }), text: `taken away on ${cleaned.join(', ')}\n` }
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })

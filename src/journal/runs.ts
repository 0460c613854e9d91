import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { crashPoint } from './crash-point.ts'
import { createJournal, type Journal, openJournal } from './journal.ts'
import { inStateDirectory, makePrivateDirectory } from './private-directory.ts'
import { journalName } from './read-journal.ts'
import type { Body } from './record.ts'
import { syncDirectory, writeNewFile } from './write-file.ts'

/** What a run keeps on the workstation, below the state directory. */
export interface RunFiles {
  readonly run: string
  readonly chain: string
  /** From the run id, ISO, whole seconds. */
  readonly startedAt: string
  readonly dir: string
  readonly journal: string
  /** The runbook as it was when the run began. */
  readonly runbook: string
  /** The runbook it was adopted with: how this workstation reaches the hosts, and its hooks. Only there after adopt. */
  readonly reach: string
  /** Who this workstation was to the hosts, one hold a line. */
  readonly holds: string
  readonly log: string
  readonly report: string
  /** `pause` or `abort` from another terminal. */
  readonly control: string
}

/** The state directory: `--state-dir`, else `$XDG_STATE_HOME/evha`, else `~/.local/state/evha`. */
export function stateDirectory(env: Readonly<NodeJS.ProcessEnv> = process.env, given?: string): string {
  if (given !== undefined) return given
  const base = env['XDG_STATE_HOME']
  // The XDG rule: a relative path there is to be ignored.
  return base?.startsWith('/')
    ? join(base, 'evha')
    : join(env['HOME'] ?? homedir(), '.local', 'state', 'evha')
}

const idShape = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)-([0-9a-z]{4})$/

/**
 * A new run's id, `CHAIN-YYYYMMDDTHHMMSS-xxxx` in UTC.
 * @param nowMs epoch ms
 * @param random from 0 to below 1, as Math.random gives it
 */
export function newRunId(chain: string, nowMs: number, random: number): string {
  const at = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')
  const letters = Math.floor(random * 36 ** 4)
    .toString(36)
    .padStart(4, '0')
  const run = `${chain}-${at}-${letters}`
  if (idShape.test(run)) return run
  throw usage(`${JSON.stringify(chain)} cannot be part of a run id`, 'mend the chain id in the runbook')
}

/** The files of a run, whether it exists or not. Throws EvhaError 'usage' for what is no run id. */
export function runFiles(stateDir: string, run: string): RunFiles {
  const parts = idShape.exec(run)
  if (parts === null) {
    throw usage(
      `${JSON.stringify(run)} is not the id of a run`,
      'a run id looks like CHAIN-20260131T120000-a1b2',
    )
  }
  const [, chain = '', year, month, day, hour, minute, second] = parts
  const dir = join(stateDir, 'runs', run)
  return {
    run,
    chain,
    startedAt: `${year}-${month}-${day}T${hour}:${minute}:${second}Z`,
    dir,
    journal: join(dir, journalName),
    runbook: join(dir, 'runbook.yaml'),
    reach: join(dir, 'reach.yaml'),
    holds: join(dir, 'holds'),
    log: join(dir, 'evha.log'),
    report: join(dir, 'report.json'),
    control: join(dir, 'control'),
  }
}

/**
 * Begins a run: its directory appears under its name only when header and runbook are on the disk,
 * so a run that can be found can be resumed.
 */
export function createRun(
  stateDir: string,
  header: Body<'header'>,
  runbookText: string,
  options: { readonly now?: () => number } = {},
): { readonly files: RunFiles; readonly journal: Journal } {
  const files = bear(stateDir, header.run, (unborn) => {
    writeNewFile(join(unborn, 'runbook.yaml'), runbookText)
    createJournal(unborn, header, options).close()
  })
  return { files, journal: openJournal(files.dir, options) }
}

/** Lays down a run that was begun on another workstation, from a copy of its journal; appears whole, like a new one. */
export function layRun(
  stateDir: string,
  run: string,
  laid: { readonly lines: readonly string[]; readonly runbookText: string; readonly reachText: string },
): RunFiles {
  return bear(stateDir, run, (unborn) => {
    writeNewFile(join(unborn, 'runbook.yaml'), laid.runbookText)
    writeNewFile(join(unborn, 'reach.yaml'), laid.reachText)
    writeNewFile(join(unborn, journalName), laid.lines.map((line) => `${line}\n`).join(''))
  })
}

function bear(stateDir: string, run: string, lay: (unborn: string) => void): RunFiles {
  const files = runFiles(stateDir, run)
  const runs = join(stateDir, 'runs')
  makePrivateDirectory(runs)
  const unborn = join(runs, `.new-${randomBytes(8).toString('hex')}`)
  makePrivateDirectory(unborn)
  inStateDirectory(() => {
    lay(unborn)
    syncDirectory(unborn)
  })
  if (existsSync(files.dir)) throw usage(`a run ${run} exists already`, 'run the command again')
  crashPoint('run.before-birth')
  renameSync(unborn, files.dir)
  crashPoint('run.after-birth')
  syncDirectory(runs)
  syncDirectory(stateDir)
  return files
}

/** All runs of the state directory, the newest first. */
export function listRuns(stateDir: string): RunFiles[] {
  const names = readNames(join(stateDir, 'runs')).filter((name) => idShape.test(name))
  const runs = names.map((name) => runFiles(stateDir, name)).filter((files) => existsSync(files.journal))
  return runs.sort((left, right) => compare(right.startedAt, left.startedAt) || bornMs(right) - bornMs(left))
}

/** The newest run of the state directory, if there is any. */
export function newestRun(stateDir: string): RunFiles | undefined {
  return listRuns(stateDir)[0]
}

/** The run with that id, or without one the newest. Throws EvhaError 'usage' when there is none. */
export function findRun(stateDir: string, run?: string): RunFiles {
  if (run === undefined) {
    const newest = newestRun(stateDir)
    if (newest !== undefined) return newest
    throw usage(
      `there is no run in ${stateDir}`,
      'begin one with `evha migrate RUNBOOK`, or give --state-dir',
    )
  }
  const files = runFiles(stateDir, run)
  if (existsSync(files.journal)) return files
  const known = listRuns(stateDir).slice(0, 5)
  const hint = known.length === 0 ? 'there is none' : `there are ${known.map((one) => one.run).join(', ')}`
  throw usage(`there is no run ${run} in ${stateDir}`, hint)
}

/** Tells runs of one second apart: the runbook's copy is written once, when the run begins. */
function bornMs(files: RunFiles): number {
  return statSync(files.runbook, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function usage(message: string, hint: string): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
}

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import type { Gate, StepName } from '../../src/base/names.ts'
import { labDown } from '../../src/lab/down.ts'
import type { LabInfo } from '../../src/lab/layout.ts'
import { heightsSignedTwice } from '../../src/lab/witness.ts'
import type { DriveOptions, Report, RunEnd } from '../../src/run/api.ts'
import { abortRun, resumeRun, startRun } from '../../src/run/drive.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepContext, StepRegistry } from '../../src/steps/step.ts'
import { labEnvironment } from '../go-ethereum/as-ev-reth.ts'
import { heldToSchema } from '../json-held.ts'
import { type Ended, outputOf, whileAtWork } from '../output-of.ts'
import { silentObserver } from '../run/silent-observer.ts'
import { withAccount } from './account.ts'
import { SecretWatch } from './secret-watch.ts'

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
/** Far more than any of them needs, and less than a test has. */
export const evhaTimeoutMs = 200_000
const onHostTimeoutMs = 60_000

/** The built evha as an operator runs it off a terminal. `onStart` gets the process, to signal it, and what it prints. */
export function evha(
  args: readonly string[],
  onStart: (kill: (signal: NodeJS.Signals) => void, stdout: Readable) => void = () => undefined,
  env: Readonly<Record<string, string>> = {},
  timeoutMs = evhaTimeoutMs,
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart((signal) => child.kill(signal), child.stdout)
  return outputOf(child, { says: `evha ${args.join(' ')}`, timeoutMs }).then((ended) => {
    // Killed in the middle of a line it promised nothing.
    if (ended.code !== null) heldToSchema(args, ended.stdout)
    return ended
  })
}

export interface Lab extends LabInfo {
  /** evha with this lab's state directory. */
  evha(...args: string[]): Promise<Ended>
  signedTwice(): number[]
  /** Runs on a host of the lab as root would: its shims come first. */
  on(host: string, command: string): Promise<Ended>
}

/** A fast lab for one test; down and removed again whatever happens. */
export async function withLab(
  nodes: 3 | 5 | 7,
  work: (lab: Lab) => Promise<void>,
  ...options: string[]
): Promise<void> {
  const [lab, down] = await labForAll(nodes, ...options)
  let worked = false
  try {
    await work(lab)
    worked = true
  } catch (thrown) {
    throw withAccount(thrown, lab)
  } finally {
    // What went wrong in the test itself is told first.
    await down().catch((leak: unknown) => {
      if (worked) throw leak
    })
  }
}

/** A fast lab for several tests, and what takes it down. Throws then when a secret was left anywhere. */
export async function labForAll(
  nodes: 3 | 5 | 7,
  ...options: string[]
): Promise<[lab: Lab, down: () => Promise<void>]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'evha-embedded-'))
  const gone = async () => {
    await labDown({ stateDir })
    rmSync(stateDir, { recursive: true, force: true })
  }
  const up = await evha(
    ['lab', 'up', '--fast', '--nodes', String(nodes), '--state-dir', stateDir, '--json', ...options],
    undefined,
    labEnvironment(stateDir),
  )
  if (up.code !== 0) {
    await gone()
    throw new Error(`lab up: ${up.stderr}`)
  }
  const info = JSON.parse(up.stdout) as LabInfo
  // A busy machine takes its time, and an overrun is no subject but of the tests that set one.
  const runbook = readFileSync(info.runbook, 'utf8')
  writeFileSync(info.runbook, runbook.replace('budgetSeconds: 30', 'budgetSeconds: 120'))
  const watch = new SecretWatch(info)
  const down = async () => {
    let leaked: string[]
    try {
      leaked = watch.end()
    } finally {
      await gone()
    }
    if (leaked.length > 0) throw new Error(`secrets were left behind:\n${leaked.join('\n')}`)
  }
  const lab: Lab = {
    ...info,
    evha: async (...args) => {
      const ended = await evha([...args, '--state-dir', stateDir])
      watch.heard(`what evha ${args[0]} printed`, `${ended.stdout}${ended.stderr}`)
      return ended
    },
    signedTwice: () => heightsSignedTwice(info.root),
    on: (host, command) => onHost(join(info.root, host), command),
  }
  return [lab, down]
}

/** Config, units and the like by content; data, Raft directories and logs change while the chain runs. */
export function filesOf(lab: LabInfo): Map<string, string> {
  return new Map(
    [...allFilesOf(lab)].filter(([path]) => !/\/(data|raft)\//.test(path) && !path.endsWith('.log')),
  )
}

/** Every file below the lab's root by its content, the preallocated ones by their size and time. */
export function allFilesOf(lab: LabInfo): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of readdirSync(lab.root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const seen = statSync(path, { throwIfNoEntry: false })
    if (seen?.isFile() !== true) continue
    found.set(
      relative(lab.root, path),
      seen.size > 1_000_000 ? `${seen.size} ${seen.mtimeMs}` : readFileSync(path, 'utf8'),
    )
  }
  return found
}

/**
 * The whole file system of every host, as `what mode owner mtime content` by path: what was made, written, touched or
 * taken away shows, also a file that came and went, by its directory. Left out is what the chain itself writes, and
 * what lies below /var/log and /run.
 */
export function worldOf(lab: LabInfo): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of readdirSync(lab.root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const path = relative(lab.root, file)
    if (/^[^/]+\/(var\/log|run|var\/lib\/ev-node\/data)(\/|$)/.test(path)) continue
    const { mode, uid, gid, mtimeMs } = lstatSync(file)
    const content = entry.isFile()
      ? createHash('sha256').update(readFileSync(file)).digest('hex')
      : entry.isSymbolicLink()
        ? readlinkSync(file)
        : ''
    found.set(path, `${mode.toString(8)} ${uid}:${gid} ${mtimeMs} ${content}`)
  }
  return found
}

function onHost(dir: string, command: string): Promise<Ended> {
  return outputOf(
    spawn('sh', ['-c', `. ./bin/host-env\n${command}`], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] }),
    { timeoutMs: onHostTimeoutMs },
  )
}

export const confirm = (lab: LabInfo, ...gates: Gate[]): string[] =>
  gates.flatMap((gate) => ['--confirm', `${gate}=${lab.chain}`])

/** The migration as `evha migrate --json` tells of it. */
export async function migrate(
  lab: Lab,
  ...gates: Gate[]
): Promise<{ code: number | null; report: Report; stderr: string }> {
  const ended = await lab.evha('migrate', lab.runbook, '--json', ...confirm(lab, ...gates))
  return { code: ended.code, report: JSON.parse(ended.stdout) as Report, stderr: ended.stderr }
}

export type Replaced = { readonly [K in StepName]?: Partial<StepRegistry[K]> }

/**
 * The same drive in this process, with parts of steps taken away: how a test removes a guard. No flag can.
 * It is stopped as soon as a height was signed twice: the harm is done then, and the rest is waiting.
 */
export function driveWith(
  lab: Lab,
  replaced: Replaced,
  onProgress: (text: string) => void = () => undefined,
  gates: readonly Gate[] = ['cutover', 'commit'],
  stopNow?: AbortSignal,
): Promise<RunEnd> {
  return untilHarm(lab, onProgress, gates, (given) => {
    const options =
      stopNow === undefined ? given : { ...given, stopNow: AbortSignal.any([given.stopNow, stopNow]) }
    return startRun(lab.runbook, options, withParts(replaced))
  })
}

/** The same, and it goes on whatever harm it does, until `stopNow`. */
export function driveAlong(lab: Lab, replaced: Replaced, stopNow: AbortSignal): Promise<RunEnd> {
  return startRun(
    lab.runbook,
    optionsFor(lab, () => undefined, ['cutover', 'commit'], stopNow),
    withParts(replaced),
  )
}

/** `evha resume` in this process, the same way. */
export function resumeWith(lab: Lab, replaced: Replaced, gates: readonly Gate[]): Promise<RunEnd> {
  return untilHarm(
    lab,
    () => undefined,
    gates,
    (options) => resumeRun(undefined, options, withParts(replaced)),
  )
}

/** `evha abort` in this process, the same way. */
export function abortWith(
  lab: Lab,
  replaced: Replaced,
  onProgress: (text: string) => void = () => undefined,
): Promise<RunEnd> {
  return untilHarm(lab, onProgress, [], (options) => abortRun(undefined, options, withParts(replaced)))
}

const withParts = (replaced: Replaced) =>
  Object.fromEntries(
    Object.entries(realSteps).map(([name, step]) => [name, { ...step, ...replaced[name as StepName] }]),
  ) as unknown as StepRegistry

function untilHarm(
  lab: Lab,
  onProgress: (text: string) => void,
  gates: readonly Gate[],
  drive: (options: DriveOptions) => Promise<RunEnd>,
): Promise<RunEnd> {
  const harm = new AbortController()
  const watch = setInterval(() => {
    if (lab.signedTwice().length > 0) harm.abort()
  }, 500)
  const progress: string[] = []
  const heard = (text: string) => {
    progress.push(text)
    onProgress(text)
  }
  return whileAtWork(
    () => `a run in the test's own process, so far: ${progress.join('; ')}`,
    drive(optionsFor(lab, heard, gates, harm.signal)),
  ).finally(() => clearInterval(watch))
}

const optionsFor = (
  lab: Lab,
  onProgress: (text: string) => void,
  gates: readonly Gate[],
  stopNow: AbortSignal,
): DriveOptions => ({
  stateDir: lab.stateDir,
  confirms: new Map(gates.map((gate) => [gate, lab.chain])),
  approver: { ask: () => Promise.resolve('later') },
  observer: {
    ...silentObserver,
    entered: (state) => onProgress(state.path),
    failed: (_state, failure) => onProgress(failure.message),
  },
  stopNow,
  stopSoon: () => false,
})

/** A part of a step that does what the real one does, and then something else. */
export function andThen<T>(
  real: (context: StepContext) => Promise<T>,
  more: (context: StepContext) => Promise<void>,
) {
  return async (context: StepContext): Promise<T> => {
    const result = await real(context)
    await more(context)
    return result
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

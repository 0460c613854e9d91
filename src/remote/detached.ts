import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, changes, reads } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { attachScript, killScript, startScript } from './detached-scripts.ts'
import type { Finished, Outcome, Remote, Unknown } from './remote.ts'
import { render } from './render.ts'

/** A long command that outlives the link: started once in a directory of its own on the host. */
export interface DetachedJob {
  /** Run directory on the host, of this one job for ever. */
  readonly dir: string
  readonly argv: Command['argv']
  /** What it is for, in a few words. */
  readonly says: string
  /** Run before it in the same round trip, each time; unless that exits 0 the job is not started. */
  readonly first?: { readonly argv: Command['argv']; readonly says: string; readonly timeoutMs: number }
}

/** How a detached job stands. */
export type DetachedStatus =
  /** Nothing was ever started in the directory. */
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly group: number }
  | {
      readonly kind: 'ended'
      /** null when evha killed it. */
      readonly exitCode: number | null
      readonly stdout: string
      readonly stderr: string
      readonly truncated: boolean
    }
  /** It is gone and left no exit code: killed by another hand, or the host went down. */
  | { readonly kind: 'lost' }

export interface AttachOptions {
  /** How long to wait for the end; then the outcome is Unknown `timeout` and the job goes on. */
  readonly timeoutMs?: number
  readonly outputBytesMax?: number
}

/** One look at a job waits this long on the host for its end. */
const lookMs = 5_000
/** Between two looks when the host does not answer. */
const retryMs = 500
/** Attaching is meant for hours, not for ever. */
const attachTimeoutMs = 24 * 3_600_000

/** Starts a job. Started again in the same directory, it tells how that job stands and starts nothing. */
export function startCommand({ dir, argv, says, first }: DetachedJob): Command {
  const before = first === undefined ? '' : render(first)
  return changes(
    first === undefined
      ? `start in the background: ${says}`
      : `${first.says}, then in the background: ${says}`,
    ['sh', '-c', startScript, 'evha', before, dir, ...argv],
    { timeoutMs: limits.commandTimeoutMs + (first?.timeoutMs ?? 0) },
  )
}

/** Kills the job's process group; exit 0 when nothing of it is left, and nothing can start there later. */
export function killCommand(dir: string): Command {
  return changes(`stop the job in ${dir}`, ['sh', '-c', killScript, 'evha', dir])
}

function lookCommand(dir: string, waitMs: number, outputBytesMax: number): Command {
  // Without a wait it does not sleep once: the chain may stand still meanwhile.
  const tries = String(Math.round(waitMs / 100))
  return reads(
    `look at the job in ${dir}`,
    ['sh', '-c', attachScript, 'evha', dir, tries, String(outputBytesMax)],
    // Its first line comes on top of the job's own output.
    { outputBytesMax: outputBytesMax + 4096, timeoutMs: limits.commandTimeoutMs + waitMs },
  )
}

/**
 * Starts a job, or finds the one that was started in its directory before.
 * Unknown means: ask `statusOfDetached`, or start again; it never starts twice.
 */
export async function startDetached(
  remote: Remote,
  job: DetachedJob,
  signal?: AbortSignal,
): Promise<DetachedStatus | Unknown> {
  const outcome = await remote.run(startCommand(job), signal)
  if (job.first !== undefined && outcome.kind === 'finished' && outcome.exitCode !== 0)
    throw new EvhaError({
      kind: 'failed',
      message: `${remote.name}: ${job.first.says}: exit ${outcome.exitCode ?? outcome.signal}: ${outcome.stderr.trim().split('\n').at(-1) ?? ''}`,
      changedAnything: 'unknown',
      retryable: true,
      hint: 'mend what the host says, then `evha resume`',
    })
  return statusIn(remote, job.dir, outcome)
}

/** How the job in a directory stands now. Throws EvhaError as `run` does. */
export async function statusOfDetached(
  remote: Remote,
  dir: string,
  signal?: AbortSignal,
): Promise<DetachedStatus | Unknown> {
  return statusIn(remote, dir, await remote.run(lookCommand(dir, 0, limits.outputBytesMax), signal))
}

/** Kills the job by its process group. Finished with exit 0: proven gone, and never to start in this directory again. */
export async function killDetached(remote: Remote, dir: string, signal?: AbortSignal): Promise<Outcome> {
  return remote.run(killCommand(dir), signal)
}

/**
 * Waits for a job's end over lost links and reconnects. A job that is gone without an exit code is Finished
 * with exit code null. Throws EvhaError `failed` when there is no job, `refused` or `hostKey` as `run` does.
 */
export async function attach(
  remote: Remote,
  dir: string,
  options: AttachOptions = {},
  signal?: AbortSignal,
): Promise<Outcome> {
  const startedAt = performance.now()
  const timeoutMs = options.timeoutMs ?? attachTimeoutMs
  const passedMs = (): number => performance.now() - startedAt
  for (;;) {
    const waitMs = Math.max(0, Math.min(lookMs, timeoutMs - passedMs()))
    const status = await look(remote, dir, waitMs, options.outputBytesMax ?? limits.outputBytesMax, signal)
    if (signal?.aborted === true) return stillRuns(remote, dir, 'aborted', passedMs())
    const finished = status === undefined ? undefined : finishedOf(remote, dir, status, passedMs())
    if (finished !== undefined) return finished
    if (passedMs() >= timeoutMs) return stillRuns(remote, dir, 'timeout', passedMs())
    if (status === undefined) await sleep(retryMs)
  }
}

/** undefined when the host did not answer; the job does not mind. */
async function look(
  remote: Remote,
  dir: string,
  waitMs: number,
  outputBytesMax: number,
  signal: AbortSignal | undefined,
): Promise<DetachedStatus | undefined> {
  try {
    const outcome = await remote.run(lookCommand(dir, waitMs, outputBytesMax), signal)
    const status = statusIn(remote, dir, outcome)
    return status.kind === 'unknown' ? undefined : status
  } catch (error) {
    if (error instanceof EvhaError && error.kind === 'unreachable') return undefined
    throw error
  }
}

function finishedOf(
  remote: Remote,
  dir: string,
  status: DetachedStatus,
  durationMs: number,
): Finished | undefined {
  switch (status.kind) {
    case 'running':
      return undefined
    case 'ended': {
      const { exitCode, stdout, stderr, truncated } = status
      return { kind: 'finished', exitCode, stdout, stderr, truncated, durationMs }
    }
    case 'lost': {
      const stderr = `the job in ${dir} on ${remote.name} is gone without an exit code\n`
      return { kind: 'finished', exitCode: null, stdout: '', stderr, truncated: false, durationMs }
    }
    case 'none':
      throw failed(`no job was ever started in ${dir} on ${remote.name}`)
  }
}

function stillRuns(remote: Remote, dir: string, why: 'aborted' | 'timeout', durationMs: number): Unknown {
  const message = `the job in ${dir} on ${remote.name} was not waited for to its end; it may still run`
  return { kind: 'unknown', why, message, durationMs }
}

/** Reads the first line the scripts print; all the rest is the job's own output. */
function statusIn(remote: Remote, dir: string, outcome: Outcome): DetachedStatus | Unknown {
  if (outcome.kind === 'unknown') return outcome
  const end = outcome.stdout.indexOf('\n')
  const [kind, ...words] = outcome.stdout.slice(0, Math.max(end, 0)).split(' ')
  switch (kind) {
    case 'none':
    case 'lost':
      return { kind }
    case 'running':
      return { kind, group: Number(words[0]) }
    case 'ended':
      return {
        kind,
        exitCode: words[0] === 'killed' ? null : Number(words[0]),
        stdout: outcome.stdout.slice(end + 1),
        stderr: outcome.stderr,
        truncated: words[1] === 'cut' || outcome.truncated,
      }
    default:
      throw failed(
        `the job in ${dir} on ${remote.name} cannot be read: ${outcome.stderr.trim() || `exit ${outcome.exitCode}`}`,
      )
  }
}

function failed(message: string): EvhaError {
  return new EvhaError({
    kind: 'failed',
    message,
    changedAnything: 'no',
    retryable: false,
    hint: 'look at that directory on the host: job, out, err and exit tell what happened',
  })
}

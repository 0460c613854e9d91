import type { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Command } from '../base/command.ts'
import { limits } from '../base/limits.ts'
import { Secret } from '../base/secret.ts'
import { type Captured, capture, drain } from './capture.ts'
import type { Outcome, Running, Unknown } from './remote.ts'
import type { Exit } from './ssh-link.ts'
import { commandRefused } from './ssh-refusals.ts'
import { launch, type Prepared, type Watched } from './ssh-session.ts'
import { type KillPlace, stop } from './ssh-stop.ts'
import type { SshTarget } from './ssh-target.ts'

/** Where a command runs, and how. */
export interface Place extends KillPlace {
  readonly target: SshTarget
  /** Leaves the link to what runs on it, because a process may still hold one of its sessions. */
  readonly retire: () => void
}

/** A started command. `done` rejects with EvhaError `refused` when the host did not run it at all. */
export type Started = Running & { readonly launched: Promise<boolean> }

/**
 * Starts a command on a link. With `keepStdout` its output is captured, else the caller reads `stdout`.
 * Throws ChannelRefused when the host opens no session; then nothing happened.
 */
export async function start(
  place: Place,
  command: Command,
  signal: AbortSignal | undefined,
  keepStdout: boolean,
): Promise<Started> {
  const session = await launch(place.link, command.argv, place.asRoot)
  return startIn(place, command, signal, { session, stdout: session.channel, keepStdout })
}

/** The same in a session that runs the command already. */
export function startIn(
  place: Place,
  command: Command,
  signal: AbortSignal | undefined,
  { session, stdout, keepStdout }: { session: Prepared; stdout: Readable; keepStdout: boolean },
): Started {
  const startedAt = performance.now()
  const { channel, launched } = session
  const bytesMax = command.outputBytesMax ?? limits.outputBytesMax
  const [out, err] = [capture(bytesMax), capture(bytesMax)]
  session.captureStderr(err)
  if (keepStdout) drain(stdout, out)
  const done = outcomeOf(place, command, signal, { ...session, out, err, startedAt })
  done.catch(() => {
    // Whoever awaits `done` sees it; nobody has to.
  })
  feed(channel, command.stdin, keepStdout)
  return { stdin: channel, stdout, done, launched }
}

/** A command that runs, what it has written, and since when, on the clock of `performance.now()`. */
export interface Going extends Watched {
  readonly out: Captured
  readonly err: Captured
  readonly startedAt: number
}

/** Waits for the end of a command that runs, or stops it. Throws EvhaError `refused` when the host never ran it. */
export async function outcomeOf(
  place: Place,
  command: Command,
  signal: AbortSignal | undefined,
  going: Going,
): Promise<Outcome> {
  const stopped = await endOf(place, command, signal, going)
  const durationMs = performance.now() - going.startedAt
  if (stopped !== undefined) return { ...stopped, durationMs }
  const exit = going.exit()
  if (exit === undefined) return { ...linkLost(place, command), durationMs }
  const { out, err } = going
  if (going.finder.group === undefined) throw commandRefused(place.target, place.asRoot, err.text())
  return {
    kind: 'finished',
    exitCode: exit.code,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    stdout: out.text(),
    stderr: err.text(),
    truncated: out.truncated || err.truncated,
    durationMs,
  }
}

function feed(channel: ClientChannel, stdin: Command['stdin'], close: boolean): void {
  if (stdin !== undefined) channel.end(stdin instanceof Secret ? stdin.reveal() : stdin)
  else if (close) channel.end()
}

function linkLost(place: Place, command: Command): Omit<Unknown, 'durationMs'> {
  const message = `the link to ${place.target.name} was lost while it ran: ${command.says}`
  return { kind: 'unknown', why: 'linkLost', message }
}

/** Waits for the command's end; undefined when its end was seen or the link is lost, else why it was stopped. */
async function endOf(
  place: Place,
  command: Command,
  signal: AbortSignal | undefined,
  watched: Watched,
): Promise<Omit<Unknown, 'durationMs'> | undefined> {
  const why = await endOrStop(watched.closed, command.timeoutMs, signal)
  if (why === undefined) return undefined
  if (!place.link.alive) return linkLost(place, command)

  const endedByItself = watched.exit() !== undefined
  const gone = await stop(place, watched)
  if (!gone) place.retire()
  watched.drop()
  const exit = watched.exit()
  if (endedByItself || (exit !== undefined && !wasKilled(exit))) return undefined

  const { name } = place.target
  const reason = why === 'timeout' ? `did not end within ${command.timeoutMs} ms` : 'was stopped'
  const after = gone ? 'nothing of it is left running' : 'it may still be running'
  return { kind: 'unknown', why, message: `on ${name}, "${command.says}" ${reason}; ${after}` }
}

/** TERM and KILL, as a signal or as a shell's (and sudo's) exit code for it. */
function wasKilled({ code, signal }: Exit): boolean {
  return code === null ? signal === 'SIGTERM' || signal === 'SIGKILL' : code === 143 || code === 137
}

async function endOrStop(
  closed: Promise<void>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<'timeout' | 'aborted' | undefined> {
  if (signal?.aborted === true) return 'aborted'
  return new Promise((resolve) => {
    const settle = (why: 'timeout' | 'aborted' | undefined): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      resolve(why)
    }
    const abort = (): void => settle('aborted')
    const timer = setTimeout(() => settle('timeout'), timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    void closed.then(() => settle(undefined))
  })
}

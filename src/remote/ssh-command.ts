import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientChannel } from 'ssh2'
import type { Command } from '../base/command.ts'
import { limits } from '../base/limits.ts'
import { Secret } from '../base/secret.ts'
import { capture, drain } from './capture.ts'
import { type GroupFinder, groupFinder, launchText, stopGroupArgv } from './process-group.ts'
import type { Outcome, Running, Unknown } from './remote.ts'
import { quoteAll } from './render.ts'
import type { Sessions } from './sessions.ts'
import { ChannelRefused, type Exit, type Link, type Session } from './ssh-link.ts'
import { commandRefused } from './ssh-refusals.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** Where a command runs, and how. */
export interface Place {
  readonly target: SshTarget
  readonly limits: SshLimits
  readonly link: Link
  readonly asRoot: boolean
  /** Room for the commands that kill others: two sessions beside those of ordinary commands. */
  readonly killers: Sessions
  /** Leaves the link to what runs on it, because a process may still hold one of its sessions. */
  readonly retire: () => void
  /** The same, and a fresh link instead. Throws as dialling does. */
  readonly fresh: () => Promise<Link>
}

/** A started command. `done` rejects with EvhaError `refused` when the host did not run it at all. */
export type Started = Running & { readonly launched: Promise<boolean> }

/** How long to look for the group's number of a command that must be stopped. */
const groupWaitMs = 2_000

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
  const startedAt = performance.now()
  const nonce = randomBytes(8).toString('hex')
  const session = await place.link.exec(launchText(command.argv, nonce, place.asRoot))
  const { channel } = session
  const finder = groupFinder(nonce)
  const bytesMax = command.outputBytesMax ?? limits.outputBytesMax
  const [out, err] = [capture(bytesMax), capture(bytesMax)]
  let sayLaunched: (launched: boolean) => void = () => {}
  const launched = new Promise<boolean>((resolve) => {
    sayLaunched = resolve
  })
  channel.stderr.on('data', (bytes: Buffer) => {
    err.add(finder.feed(bytes))
    if (finder.group !== undefined) sayLaunched(true)
  })
  if (keepStdout) drain(channel, out)
  // The end of stderr, not the close: a channel whose stdout nobody reads yet does not close.
  channel.stderr.once('end', () => sayLaunched(finder.group !== undefined))

  const result = async (): Promise<Outcome> => {
    const stopped = await endOf(place, command, signal, { ...session, finder })
    const durationMs = performance.now() - startedAt
    if (stopped !== undefined) return { ...stopped, durationMs }
    const exit = session.exit()
    if (exit === undefined) return { ...linkLost(place, command), durationMs }
    err.add(finder.rest())
    if (finder.group === undefined) throw commandRefused(place.target, place.asRoot, err.text())
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
  const done = result()
  done.catch(() => {
    // Whoever awaits `done` sees it; nobody has to.
  })
  feed(channel, command.stdin, keepStdout)
  return { stdin: channel, stdout: channel, done, launched }
}

function feed(channel: ClientChannel, stdin: Command['stdin'], close: boolean): void {
  if (stdin !== undefined) channel.end(stdin instanceof Secret ? stdin.reveal() : stdin)
  else if (close) channel.end()
}

function linkLost(place: Place, command: Command): Omit<Unknown, 'durationMs'> {
  const message = `the link to ${place.target.name} was lost while it ran: ${command.says}`
  return { kind: 'unknown', why: 'linkLost', message }
}

interface Watched extends Session {
  readonly finder: GroupFinder
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
  watched.channel.destroy()
  // Nobody may be reading any more; an unread stream would keep the channel from closing.
  watched.channel.resume()
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

/** Kills the command's process group by a second command; true when nothing of it is left. */
async function stop(place: Place, watched: Watched): Promise<boolean> {
  const groupBy = performance.now() + groupWaitMs
  while (watched.finder.group === undefined && watched.exit() === undefined && performance.now() < groupBy) {
    await sleep(20)
  }
  const { group } = watched.finder
  if (group === undefined) return watched.exit() !== undefined
  const argv = stopGroupArgv(group, place.limits)
  const text = `exec ${quoteAll(place.asRoot ? ['sudo', '-n', '--', ...argv] : argv)}`
  const boundMs = place.limits.termMs + place.limits.killMs + 6_000
  const killed = kill(place, text, boundMs).catch(() => undefined)
  const gone = await Promise.race([killed, sleep(boundMs, undefined, { ref: false })])
  // The channel's own end arrives about when the killer's does.
  await Promise.race([watched.closed, sleep(500)])
  return gone === 0
}

/** The killer's exit code; undefined when its end was not seen. A host that is full of hanging commands gets a fresh link. */
async function kill(place: Place, text: string, waitMsMax: number): Promise<number | null | undefined> {
  const slot = await place.killers.take(waitMsMax)
  if (slot === undefined) return undefined
  try {
    return (await plainExec(place.link, text)).code
  } catch (error) {
    if (!(error instanceof ChannelRefused)) return undefined
    return (await plainExec(await place.fresh(), text)).code
  } finally {
    slot()
  }
}

/** A short internal command: its exit code and its first output. */
export async function plainExec(
  link: Link,
  text: string,
): Promise<{ code: number | null | undefined; stdout: string; stderr: string }> {
  const { channel, exit, closed } = await link.exec(text)
  const [out, err] = [capture(64 * 1024), capture(64 * 1024)]
  drain(channel, out)
  drain(channel.stderr, err)
  channel.end()
  await closed
  return { code: exit()?.code, stdout: out.text(), stderr: err.text() }
}

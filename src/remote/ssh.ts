import type { Duplex } from 'node:stream'
import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { inOnePiece } from './guarded.ts'
import type { FileToSend, Outcome, Remote, Running, Unknown } from './remote.ts'
import { render } from './render.ts'
import { sendCommand } from './send.ts'
import { sessions } from './sessions.ts'
import { outcomeOf, type Place, type Started, start, startIn } from './ssh-command.ts'
import { openTunnel } from './ssh-connect.ts'
import { connectionTo } from './ssh-connection.ts'
import { ChannelRefused, type Link, LinkGone } from './ssh-link.ts'
import { refused } from './ssh-refusals.ts'
import { fitsBecoming, fitsShell } from './ssh-shell.ts'
import { shells } from './ssh-shells.ts'
import { type SshLimits, type SshTarget, sshLimits } from './ssh-target.ts'

export type { SshLimits, SshTarget } from './ssh-target.ts'

/** The SSH packet every server must take holds 35000 bytes (RFC 4253, 6.1); base64 and the launcher need some of them. */
const commandBytesMax = 24_000

/**
 * A host over SSH. Connects on first use, again after a lost link, and checks the host key every time.
 * Commands are run as root: directly when the login is root, else through `sudo -n`.
 */
export function openSsh(target: SshTarget, adjusted: Partial<SshLimits> = {}): Remote {
  const limits = { ...sshLimits, ...adjusted }
  const slots = sessions(limits.sessionsPerHostMax)
  const killers = sessions(2)
  const waiting = shells(limits.shellsMax, slots)
  const connection = connectionTo(target, limits)

  const placeOn = ({ link, asRoot }: { link: Link; asRoot: boolean }): Place => ({
    target,
    limits,
    link,
    asRoot,
    killers,
    retire: () => connection.retire(link),
    async fresh() {
      connection.retire(link)
      return (await connection.use()).link
    },
  })

  /** A shell that waits on the host; undefined when there is none, or an abort came first. */
  const lend = async (signal: AbortSignal | undefined) => {
    const connected = await unlessAborted(connection.use(), signal)
    if (connected === undefined) return undefined
    const lent = await waiting.take(connected.link, connected.asRoot)
    if (lent === undefined) return undefined
    if (signal?.aborted !== true) return { ...lent, connected }
    lent.giveBack()
    return undefined
  }

  /** In a shell that waits; undefined when the command has to go the ordinary way, which tells of an abort. */
  const inShell = async (command: Command, signal: AbortSignal | undefined): Promise<Outcome | undefined> => {
    const lent = fitsShell(command) ? await lend(signal) : undefined
    if (lent === undefined) return undefined
    const { shell, connected, giveBack } = lent
    return outcomeOf(placeOn(connected), command, signal, shell.run(command)).finally(giveBack)
  }

  /** A shell that waits becomes the command, with its streams; undefined as before. */
  const becoming = async (
    command: Command,
    signal: AbortSignal | undefined,
  ): Promise<Started | undefined> => {
    const lent = fitsBecoming(command) ? await lend(signal) : undefined
    if (lent === undefined) return undefined
    const { shell, connected } = lent
    const { session, stdout } = shell.become(command)
    waiting.replace(connected.link, connected.asRoot)
    return startIn(placeOn(connected), command, signal, { session, stdout, keepStdout: false })
  }

  /** A session slot and a connection, then the command. */
  const begin = async (command: Command, signal: AbortSignal | undefined, keepStdout: boolean) => {
    const slot = await slots.take(command.timeoutMs, signal)
    if (slot === undefined) return notStarted(target, command, signal)
    try {
      const started = await startSomewhere(command, signal, keepStdout)
      if ('kind' in started) slot()
      else void started.done.then(slot, slot)
      return started
    } catch (error) {
      slot()
      throw error
    }
  }

  /** Once more over a fresh connection when the link turns out dead or the host full. */
  const startSomewhere = async (
    command: Command,
    signal: AbortSignal | undefined,
    keepStdout: boolean,
  ): Promise<Started | Unknown> => {
    for (let attempt = 1; ; attempt += 1) {
      const connected = await unlessAborted(connection.use(), signal)
      if (connected === undefined) return notStarted(target, command, signal)
      const { link } = connected
      const startedAt = performance.now()
      try {
        return await start(placeOn(connected), command, signal, keepStdout)
      } catch (error) {
        if (error instanceof LinkGone && !error.sent && attempt === 1) continue
        if (error instanceof LinkGone) {
          return lostAtStart(target, command, performance.now() - startedAt)
        }
        if (!(error instanceof ChannelRefused)) throw error
        connection.retire(link)
        if (attempt === 2) throw noSession(target, error)
      }
    }
  }

  const run = async (given: Command, signal?: AbortSignal): Promise<Outcome> => {
    const command = inOnePiece(given)
    refuseTooLong(target, command)
    const inOne = await inShell(command, signal)
    if (inOne !== undefined) return inOne
    const started = await begin(command, signal, true)
    return 'kind' in started ? started : started.done
  }

  return {
    name: target.name,
    run,
    async stream(given: Command, signal?: AbortSignal): Promise<Running> {
      const command = inOnePiece(given)
      refuseTooLong(target, command)
      const started = (await becoming(command, signal)) ?? (await begin(command, signal, false))
      if ('kind' in started) {
        throw new EvhaError({
          kind: started.why === 'aborted' ? 'interrupted' : 'unreachable',
          message: started.message,
          changedAnything: started.why === 'linkLost' ? 'unknown' : 'no',
          retryable: true,
          hint: 'type the command again',
        })
      }
      // A host that did not run it at all is told apart by `done`, which throws then.
      if (!(await started.launched)) {
        started.stdout.resume()
        await started.done
      }
      return started
    },
    send: (file: FileToSend, path: string, signal?: AbortSignal) => run(sendCommand(file, path), signal),
    async tunnel(to: { host: string; port: number }): Promise<Duplex> {
      const { link } = await connection.use()
      return openTunnel(target, link, to, limits)
    },
    async sshd() {
      const { link } = await connection.use()
      return { port: target.port, hostKey: link.hostKey }
    },
    async close(): Promise<void> {
      waiting.drop()
      await connection.close()
    },
  }
}

/** undefined when the abort came first. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return work
  if (signal.aborted) {
    work.catch(() => {})
    return undefined
  }
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined)
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

function lostAtStart(target: SshTarget, command: Command, durationMs: number): Unknown {
  const message = `the link to ${target.name} was lost as it started: ${command.says}`
  return { kind: 'unknown', why: 'linkLost', message, durationMs }
}

function noSession(target: SshTarget, cause: Error): EvhaError {
  return refused(
    target,
    `it opens no further session (${cause.message})`,
    'set MaxSessions to 10 or more in its sshd_config, and end other logins of this user',
    cause,
  )
}

function notStarted(target: SshTarget, command: Command, signal: AbortSignal | undefined): Unknown {
  const aborted = signal?.aborted === true
  const why = aborted ? 'it was stopped before' : 'no session was free in time'
  return {
    kind: 'unknown',
    why: aborted ? 'aborted' : 'timeout',
    message: `on ${target.name}, "${command.says}" was not started: ${why}`,
    durationMs: 0,
  }
}

function refuseTooLong(target: SshTarget, command: Command): void {
  const bytes = Buffer.byteLength(render(command))
  if (bytes <= commandBytesMax) return
  throw new EvhaError({
    kind: 'usage',
    message: `a command for ${target.name} is ${bytes} bytes long ("${command.says}"); hosts take ${commandBytesMax}`,
    changedAnything: 'no',
    retryable: false,
    hint: 'this is a defect of evha: the content belongs into stdin',
  })
}

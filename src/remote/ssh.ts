import type { Duplex } from 'node:stream'
import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import type { FileToSend, Outcome, Remote, Running, Unknown } from './remote.ts'
import { render } from './render.ts'
import { sendCommand } from './send.ts'
import { sessions } from './sessions.ts'
import { type Place, plainExec, type Started, start } from './ssh-command.ts'
import { ChannelRefused, dial, type Link, LinkGone } from './ssh-link.ts'
import { commandRefused, refused, unreachable } from './ssh-refusals.ts'
import { type SshLimits, type SshTarget, sshLimits } from './ssh-target.ts'

export type { SshLimits, SshTarget } from './ssh-target.ts'

/** The SSH packet every server must take holds 35000 bytes (RFC 4253, 6.1); the launcher needs some of them. */
const commandBytesMax = 32_000

interface Connected {
  readonly link: Link
  readonly asRoot: boolean
}

/**
 * A host over SSH. Connects on first use, again after a lost link, and checks the host key every time.
 * Commands are run as root: directly when the login is root, else through `sudo -n`.
 */
export function openSsh(target: SshTarget, adjusted: Partial<SshLimits> = {}): Remote {
  const limits = { ...sshLimits, ...adjusted }
  const slots = sessions(limits.sessionsPerHostMax)
  const killers = sessions(2)
  let connection: Promise<Connected> | undefined
  let current: Link | undefined
  let closed = false
  const old = new Set<Link>()

  const forget = (): void => {
    connection = undefined
    current = undefined
  }

  const connected = async (): Promise<Connected> => {
    if (closed) throw unreachable(target, 'evha has closed its connection')
    if (current?.alive === false) forget()
    connection ??= connect(target, limits).then(
      (made) => {
        current = made.link
        return made
      },
      (error: unknown) => {
        connection = undefined
        throw error
      },
    )
    return connection
  }

  /** What runs on the link goes on; what comes next gets a fresh one. */
  const retire = (link: Link): void => {
    if (link === current) forget()
    old.add(link)
    void link.lost.then(() => old.delete(link))
  }

  /** A session slot and a connection, then the command; once more over a fresh connection when the host is full. */
  const begin = async (command: Command, signal: AbortSignal | undefined, keepStdout: boolean) => {
    refuseTooLong(target, command)
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

  const startSomewhere = async (
    command: Command,
    signal: AbortSignal | undefined,
    keepStdout: boolean,
  ): Promise<Started | Unknown> => {
    for (let attempt = 1; ; attempt += 1) {
      const { link, asRoot } = await connected()
      if (signal?.aborted === true) return notStarted(target, command, signal)
      const place: Place = {
        target,
        limits,
        link,
        asRoot,
        killers,
        retire: () => retire(link),
        async fresh() {
          retire(link)
          return (await connected()).link
        },
      }
      const startedAt = performance.now()
      try {
        return await start(place, command, signal, keepStdout)
      } catch (error) {
        if (error instanceof LinkGone && !error.sent && attempt === 1) continue
        if (error instanceof LinkGone) {
          return {
            kind: 'unknown',
            why: 'linkLost',
            message: `the link to ${target.name} was lost as it started: ${command.says}`,
            durationMs: performance.now() - startedAt,
          }
        }
        if (!(error instanceof ChannelRefused)) throw error
        retire(link)
        if (attempt === 2) throw noSession(target, error)
      }
    }
  }

  const run = async (command: Command, signal?: AbortSignal): Promise<Outcome> => {
    const started = await begin(command, signal, true)
    return 'kind' in started ? started : started.done
  }

  return {
    name: target.name,
    run,
    async stream(command: Command, signal?: AbortSignal): Promise<Running> {
      const started = await begin(command, signal, false)
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
      const { link } = await connected()
      return openTunnel(target, link, to, limits)
    },
    async close(): Promise<void> {
      closed = true
      const last = await connection?.catch(() => undefined)
      const links = [...old, ...(last === undefined ? [] : [last.link])]
      await Promise.all(links.map(endLink))
    },
  }
}

async function connect(target: SshTarget, limits: SshLimits): Promise<Connected> {
  const link = await dialThrough(target, limits)
  try {
    const asRoot = await needsSudo(target, link)
    return { link, asRoot }
  } catch (error) {
    link.destroy()
    throw error
  }
}

/** Hop by hop: each hop is a connection of its own, with its own host key check and keepalive. */
async function dialThrough(target: SshTarget, limits: SshLimits): Promise<Link> {
  if (target.through === undefined) return dial(target, limits)
  const hop = await dialThrough(target.through, limits)
  try {
    const sock = await openTunnel(target.through, hop, target, limits)
    const link = await dial(target, limits, sock)
    void link.lost.then(() => hop.end())
    return link
  } catch (error) {
    hop.destroy()
    throw error
  }
}

async function needsSudo(target: SshTarget, link: Link): Promise<boolean> {
  if (target.sudo !== undefined) return target.sudo
  let answer: { stdout: string; stderr: string }
  try {
    answer = await plainExec(link, 'id -u')
  } catch (error) {
    if (error instanceof ChannelRefused) throw commandRefused(target, false, error.message)
    throw unreachable(target, 'the link was lost right after the login', error)
  }
  const uid = /^(\d+)\n$/.exec(answer.stdout)?.[1]
  if (uid !== undefined) return uid !== '0'
  if (/\d+\n$/.test(answer.stdout)) {
    throw refused(
      target,
      `its login shell prints text before every command (${JSON.stringify(answer.stdout.slice(0, 80))})`,
      `on the host, make the shell start-up files of ${target.user} silent for shells without a terminal`,
    )
  }
  throw commandRefused(target, false, `${answer.stdout}\n${answer.stderr}`)
}

async function openTunnel(
  target: SshTarget,
  link: Link,
  to: { readonly host: string; readonly port: number },
  limits: SshLimits,
): Promise<Duplex> {
  const failed = (why: string, cause?: unknown): EvhaError =>
    new EvhaError(
      {
        kind: 'unreachable',
        message: `${target.name} does not get through to ${to.host}:${to.port}: ${why}`,
        changedAnything: 'no',
        retryable: true,
        hint: `see on ${target.name} whether something listens there: ss -ltn; and whether sshd_config allows AllowTcpForwarding`,
      },
      { cause },
    )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(failed('no answer in time')), limits.connectTimeoutMs)
  })
  const opening = link.forward(to.host, to.port)
  try {
    const channel = await Promise.race([opening, late])
    channel.on('error', () => {})
    return channel
  } catch (error) {
    void opening.then((channel) => channel.destroy()).catch(() => {})
    throw error instanceof EvhaError ? error : failed(error instanceof Error ? error.message : '', error)
  } finally {
    clearTimeout(timer)
  }
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

/** Says goodbye, and closes for good when that is not answered within 2 s. */
async function endLink(link: Link): Promise<void> {
  if (!link.alive) return
  link.end()
  const timer = setTimeout(() => link.destroy(), 2_000)
  await link.lost
  clearTimeout(timer)
}

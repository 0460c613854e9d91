import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EvhaError, failureOf } from '../base/errors.ts'
import { dial } from './ssh-dial.ts'
import { ChannelRefused, type Link } from './ssh-link.ts'
import { commandRefused, refused, unreachable } from './ssh-refusals.ts'
import { plainExec } from './ssh-session.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** A link, and how commands become root on it. */
export interface Connected {
  readonly link: Link
  readonly asRoot: boolean
}

/** Logs in, over the hops before it, and finds out whether commands go through sudo. */
export async function connect(target: SshTarget, limits: SshLimits): Promise<Connected> {
  const link = await dialThrough(target, limits)
  try {
    const asRoot = await needsSudo(target, limits, link)
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
    const sock = await openTunnel(target.through, hop, target, limits).catch((error: unknown) => {
      // What a hop can not reach is a host nobody reaches.
      throw error instanceof EvhaError
        ? new EvhaError({ ...failureOf(error), kind: 'unreachable' }, { cause: error })
        : error
    })
    const link = await dial(target, limits, sock)
    void link.lost.then(() => hop.end())
    return link
  } catch (error) {
    hop.destroy()
    throw error
  }
}

async function needsSudo(target: SshTarget, limits: SshLimits, link: Link): Promise<boolean> {
  if (target.sudo !== undefined) return target.sudo
  let answer: { stdout: string; stderr: string } | undefined
  try {
    const late = sleep(limits.connectTimeoutMs, undefined, { ref: false })
    answer = await Promise.race([plainExec(link, 'id -u'), late])
  } catch (error) {
    if (error instanceof ChannelRefused) throw commandRefused(target, false, error.message)
    throw unreachable(target, 'the link was lost right after the login', error)
  }
  if (answer === undefined) throw unreachable(target, 'its login shell does not answer')
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

/** A byte stream to an address as seen from the host. Throws EvhaError: `failed` for a port that refuses, `unreachable` for a lost link. */
export async function openTunnel(
  target: SshTarget,
  link: Link,
  to: { readonly host: string; readonly port: number },
  limits: SshLimits,
): Promise<Duplex> {
  const failed = (why: string, cause?: unknown): EvhaError =>
    new EvhaError(
      {
        // A port nobody listens on says nothing against the host; a link that is gone does.
        kind: link.alive ? 'failed' : 'unreachable',
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

/** Says goodbye, and closes for good when that is not answered within 2 s. */
export async function endLink(link: Link): Promise<void> {
  if (!link.alive) return
  link.end()
  const timer = setTimeout(() => link.destroy(), 2_000)
  await link.lost
  clearTimeout(timer)
}

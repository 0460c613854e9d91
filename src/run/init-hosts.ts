import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { audited } from '../remote/audit.ts'
import type { Remote } from '../remote/remote.ts'
import { retrying } from '../remote/retry.ts'
import { openSsh } from '../remote/ssh.ts'
import { sshRoute } from '../remote/ssh-route.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { type SshLogin, sshLogin } from '../runbook/ssh-login.ts'
import { memberAddress } from '../runbook/words.ts'

/** A host as the operator named it, connected. */
export interface NamedHost {
  readonly name: string
  readonly written: SshLogin
  readonly remote: Remote
  /** An address the others can dial, and where it comes from; null when there is none to be had. */
  readonly address: { readonly ip: string; readonly from: string } | null
}

export interface Keys {
  readonly identityFile?: string
  readonly knownHostsFile?: string
}

/** `SSH` or `SSH=ADDRESS` as it was typed. Throws EvhaError 'usage'. */
export function parseTarget(typed: string, keys: Keys): { written: SshLogin; address: string | null } {
  const at = typed.lastIndexOf('=')
  const [ssh, address] = at < 0 ? [typed, null] : [typed.slice(0, at), typed.slice(at + 1)]
  const read = sshLogin.safeParse(ssh)
  if (!read.success)
    throw usage(`${JSON.stringify(ssh)} is no host to log in to`, 'write user@host or user@host:port')
  if (address !== null && !memberAddress.safeParse(address).success)
    throw usage(
      `${JSON.stringify(address)} is no IP address`,
      `write ${ssh}=10.0.0.12, an address the other nodes reach`,
    )
  return { written: { ...read.data, ...keys }, address }
}

/** Opens the door to a host; nothing is connected yet. */
export async function openNamed(
  name: string,
  typed: string,
  keys: Keys,
  ask: PassphraseOf | undefined,
): Promise<NamedHost> {
  const { written, address } = parseTarget(typed, keys)
  const route = await sshRoute(written, { name, ...(ask === undefined ? {} : { passphraseOf: ask }) })
  const remote = retrying(audited(openSsh(route), () => undefined))
  if (address !== null) return { name, written, remote, address: { ip: address, from: 'you named it' } }
  return { name, written, remote, address: await resolved(route.host) }
}

async function resolved(host: string): Promise<NamedHost['address']> {
  if (isIP(host) !== 0) return { ip: host, from: 'the address you log in to' }
  try {
    const { address } = await lookup(host)
    return { ip: address, from: `${host} as this workstation resolves it` }
  } catch {
    return null
  }
}

/** Runs a command that reads and gives what it printed. Throws EvhaError, one sentence, when that fails. */
export async function heard(
  { name, remote }: Pick<NamedHost, 'name' | 'remote'>,
  command: Command,
): Promise<string> {
  const ended = await remote.run(command)
  if (ended.kind === 'finished' && ended.exitCode === 0) return ended.stdout
  const said = ended.kind === 'unknown' ? ended.message : (ended.stderr.trim().split('\n').at(-1) ?? '')
  throw new EvhaError({
    kind: ended.kind === 'unknown' ? 'unreachable' : 'blocked',
    message: `${name}: evha could not ${command.says}: ${said}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'mend what the host says, then type the same command again',
  })
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })

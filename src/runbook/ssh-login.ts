import * as z from 'zod'
import { parseAddress } from './address.ts'
import { defaults } from './defaults.ts'
import { concreteAddress, localPath, port, text, userName } from './words.ts'

/** How evha logs in to a host. */
export interface SshLogin {
  readonly host: string
  readonly port: number
  readonly user: string
  /** A path on the workstation; once loaded it is absolute. */
  readonly identityFile?: string
  readonly knownHostsFile?: string
}

const shape = 'must be user@host or user@host:port, such as root@192.0.2.11'

const shortForm = text('user@host or user@host:port').transform((written, context): SshLogin => {
  const found = /^([^@]+)@(\[[^\]]+\]|[^:@]+)(?::(\d{1,5}))?$/.exec(written)
  const user = userName.safeParse(found?.[1])
  const address = parseAddress(found?.[2] ?? '')
  const login = port.safeParse(found?.[3] === undefined ? defaults.ssh.port : Number(found[3]))
  if (user.success && login.success && typeof address === 'object') {
    return { host: address.host, port: login.data, user: user.data }
  }
  context.addIssue({ code: 'custom', message: shape })
  return z.NEVER
})

const longForm = z.strictObject({
  host: concreteAddress,
  port: port.default(defaults.ssh.port),
  user: userName,
  identityFile: localPath.exactOptional(),
  knownHostsFile: localPath.exactOptional(),
})

/** `user@host[:port]`, or the same as keys with a key file and a known_hosts file. */
export const sshLogin = z.union([shortForm, longForm])

/** The keys of the long form, for finding the one that was meant. */
export const sshKeys = Object.keys(longForm.shape)

import * as z from 'zod'
import { parseAddress } from './address.ts'
import { concreteAddress, localPath, port, text, userName } from './words.ts'

/** How evha logs in to a host; what is left out, the operator's own ssh configuration says. */
export interface SshLogin {
  /** An address, a name, or an alias of the ssh configuration. */
  readonly host: string
  readonly port?: number
  readonly user?: string
  /** A path on the workstation; once loaded it is absolute. */
  readonly identityFile?: string
  readonly knownHostsFile?: string
}

const shape = 'must be host, user@host or user@host:port, such as root@192.0.2.11'

const shortForm = text('host, user@host or user@host:port').transform((written, context): SshLogin => {
  const found = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d{1,5}))?$/.exec(written)
  const user = userName.exactOptional().safeParse(found?.[1])
  const address = parseAddress(found?.[2] ?? '')
  const login = port.exactOptional().safeParse(found?.[3] === undefined ? undefined : Number(found[3]))
  const fine = (found?.[1] === undefined || user.success) && (found?.[3] === undefined || login.success)
  if (fine && typeof address === 'object') {
    return {
      host: address.host,
      ...(login.data === undefined ? {} : { port: login.data }),
      ...(user.data === undefined ? {} : { user: user.data }),
    }
  }
  context.addIssue({ code: 'custom', message: shape })
  return z.NEVER
})

const longForm = z.strictObject({
  host: concreteAddress,
  port: port.exactOptional(),
  user: userName.exactOptional(),
  identityFile: localPath.exactOptional(),
  knownHostsFile: localPath.exactOptional(),
})

/** `[user@]host[:port]`, or the same as keys with a key file and a known_hosts file. */
export const sshLogin = z.union([shortForm, longForm])

/** The keys of the long form, for finding the one that was meant. */
export const sshKeys = Object.keys(longForm.shape)

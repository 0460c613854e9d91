import { isIP } from 'node:net'
import * as z from 'zod'
import { hostPort, parseAddress } from './address.ts'

/** The kinds of value a runbook is made of; every refusal is a plain sentence without its subject. */

/** Text that YAML might have read as a number or a truth value. */
export function text(what: string): z.ZodString {
  return z.string({
    error: (issue) =>
      issue.input === undefined || issue.input === null
        ? undefined
        : `must be text: ${what}; put the value in quotes`,
  })
}

function matching(what: string, pattern: RegExp): z.ZodString {
  return text(what).regex(pattern, { error: `must be ${what}` })
}

/** Goes into file names and is typed at every gate. */
export const chainId = matching(
  'the chain id as genesis.json has it, at most 64 letters, digits, dots, dashes and underscores',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
)

/** The Raft node id: `,` and `@` would break the node's list of peers. */
export const nodeName = matching(
  'a name of at most 63 letters, digits, dots, dashes and underscores',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
)

/** As `evha rehearse` prints it; in quotes where YAML would read a number. */
export const rehearsalDigest = matching(
  'the digest that evha rehearse printed, or its first twelve digits at least, in quotes',
  /^[0-9a-f]{12,64}$/,
)

export const userName = matching('a login name', /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/)

export const databaseName = matching(
  "the name of the database directory below the node's data directory, such as testapp",
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
)

export const unitName = matching(
  'the name of a systemd service, such as ev-node.service',
  /^[A-Za-z0-9:_.@-]{1,240}$/,
).transform((unit, context) => {
  const full = /\.[a-z]+$/.test(unit) && unit.includes('.') ? unit : `${unit}.service`
  if (full.endsWith('.service')) return full
  context.addIssue({ code: 'custom', message: 'must be the name of a systemd service, ending in .service' })
  return z.NEVER
})

// Such a path goes unquoted through unit files, the node's YAML and `sh`, and is never a surprise in any of them.
const plainPath = /^\/[A-Za-z0-9._+@:=,/-]*$/

export const absolutePath = text('a path')
  .max(1024, { error: 'is longer than 1024 characters' })
  .transform((path, context) => {
    const cleaned = path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
    const refusal = pathRefusal(cleaned)
    if (refusal === undefined) return cleaned
    context.addIssue({ code: 'custom', message: refusal })
    return z.NEVER
  })

function pathRefusal(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be an absolute path, starting with /'
  if (!plainPath.test(path)) return 'may hold only letters, digits and . _ + @ : = , - between its slashes'
  if (path.split('/').some((part) => part === '..' || part === '.')) return 'must not go through . or ..'
  if (path === '/') return 'must be a directory or file below /'
  return undefined
}

/** Absolute, or below the node's home. */
export const pathBelowHome = text('a path')
  .max(1024, { error: 'is longer than 1024 characters' })
  .transform((path, context) => {
    const cleaned = path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
    const refusal = pathRefusal(cleaned.startsWith('/') ? cleaned : `/${cleaned}`)
    if (refusal === undefined && cleaned !== '') return cleaned
    context.addIssue({ code: 'custom', message: refusal ?? 'must not be empty' })
    return z.NEVER
  })

/** A path on the workstation; `~/` is the operator's home directory. */
export const localPath = matching(
  'an absolute path on this workstation, or one that starts with ~/',
  /^(\/|~\/)[^\0\n]*$/,
)

/** A program of the workstation: its path, or a list of the path and its arguments. No shell reads it. */
export const hookCommand = z
  .union([
    localPath,
    z
      .array(text('an argument').max(4096, { error: 'is longer than 4096 characters' }))
      .min(1, {
        error: 'must be a path, or a list of a path and its arguments',
      })
      .max(32, { error: 'has more than 32 words' }),
  ])
  .transform((written, context): readonly [string, ...string[]] => {
    const [program = '', ...words] = typeof written === 'string' ? [written] : written
    if (localPath.safeParse(program).success && !words.some((word) => word.includes('\0')))
      return [program, ...words]
    context.addIssue({
      code: 'custom',
      message: 'must begin with an absolute path on this workstation, or one that starts with ~/',
    })
    return z.NEVER
  })

export const port = z
  .int({
    error: (issue) => (issue.input === undefined ? undefined : 'must be a port number from 1 to 65535'),
  })
  .min(1, { error: 'must be a port number from 1 to 65535' })
  .max(65535, { error: 'must be a port number from 1 to 65535' })

/** A whole number of seconds, milliseconds or the like. */
export function amount(min: number, max: number): z.ZodInt {
  const sentence = `must be a whole number from ${min} to ${max}`
  return z
    .int({ error: (issue) => (issue.input === undefined ? undefined : sentence) })
    .min(min, { error: sentence })
    .max(max, { error: sentence })
}

export const flag = z.boolean({
  error: (issue) => (issue.input === undefined ? undefined : 'must be true or false'),
})

const addressRefusals = {
  empty: 'is empty: write the address under which the other nodes reach this one',
  unspecified:
    'means "every interface" and cannot be told to the other nodes (the node refuses it: not advertisable): write a concrete address',
  malformed: 'is neither an IP address nor a host name (a port does not belong here)',
} as const

/** An address under which the other nodes reach this one. */
export const concreteAddress = text('an address').transform((written, context) => {
  const address = parseAddress(written)
  if (typeof address === 'object') return address.host
  context.addIssue({ code: 'custom', message: addressRefusals[address] })
  return z.NEVER
})

/** The same for Raft and P2P. The trial start runs in a network of its own, where no name server answers. */
export const memberAddress = concreteAddress.refine((host) => isIP(host) !== 0, {
  error: 'is a host name: write the IP address, so that no election ever waits for a name server',
})

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Without a login: what a runbook says is printed. */
export const httpUrl = text('a URL, such as http://localhost:8545')
  .max(2048, { error: 'is longer than 2048 characters' })
  .refine((written) => /^https?:\/\/[^\s@/]+(\/[^\s@]*)?$/.test(written) && URL.canParse(written), {
    error: 'must be a URL without a login in it, such as http://localhost:8545',
  })

/** `host:port`, an IPv6 host in brackets. */
export const hostAndPort = text('host:port, such as 127.0.0.1:7331').transform(
  (written, context): HostPort => {
    const found = /^(.+):(\d{1,5})$/.exec(written)
    const address = parseAddress(found?.[1] ?? '')
    const number = Number(found?.[2] ?? 0)
    const exact = typeof address === 'object' && number >= 1 && number <= 65535
    if (exact && hostPort(address.host, number) === written) return { host: address.host, port: number }
    context.addIssue({ code: 'custom', message: 'must be host:port, such as 127.0.0.1:7331' })
    return z.NEVER
  },
)

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { EvhaError } from '../base/errors.ts'

/** What known_hosts says about the key a host showed. */
export type HostKeyVerdict =
  | { readonly kind: 'matched' }
  /** No line names the host. `line` is what to add once the fingerprint has been checked. */
  | { readonly kind: 'unknown'; readonly line: string; readonly certAuthority: boolean }
  /** The host is known by another key. `at` is `file:line` of it, `remove` the command that forgets it. */
  | { readonly kind: 'changed'; readonly at: string; readonly remove: string; readonly line: string }
  | { readonly kind: 'revoked'; readonly at: string }

export interface KnownHosts {
  verify(host: string, port: number, key: Buffer): HostKeyVerdict
  /** Key types known for a host: only these may be asked for, or a good host's second key looks like an attack. */
  keyTypes(host: string, port: number): readonly string[]
}

interface Entry {
  readonly file: string
  readonly line: number
  readonly marker: string | undefined
  readonly names: string
  readonly type: string
  readonly key: Buffer
}

/** How OpenSSH writes a host in known_hosts: the bare name on port 22, else `[name]:port`. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type in the first field of a public key blob, e.g. `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1')
}

/** The key as known_hosts and authorized_keys write it: type and base64. */
export const keyText = (key: Buffer): string => `${keyType(key)} ${key.toString('base64')}`

/**
 * Reads known_hosts files in their order; a file that does not exist counts as empty.
 * Throws EvhaError `usage` for one that cannot be read.
 */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const read = files.map(async (file) => ({ file, text: await textOf(file) }))
  return parseKnownHosts(await Promise.all(read))
}

/** The known hosts in these texts. A line that cannot be read is left out, as OpenSSH does. */
export function parseKnownHosts(texts: readonly { file: string; text: string }[]): KnownHosts {
  const entries = texts.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, index) => entryOf(file, index + 1, line) ?? []),
  )
  return {
    verify: (host, port, key) => verdict(entries, host, port, key),
    keyTypes(host, port) {
      const known = hostEntries(entries, host, port)
      return [...new Set(known.map(({ type }) => type))]
    },
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    const why = error instanceof Error ? error.message : String(error)
    throw new EvhaError(
      {
        kind: 'usage',
        message: `the known_hosts file ${file} cannot be read: ${why}`,
        changedAnything: 'no',
        retryable: false,
        hint: `make it readable, or name another one as knownHostsFile in the runbook`,
      },
      { cause: error },
    )
  }
}

function entryOf(file: string, line: number, text: string): Entry | undefined {
  const words = text.trim().split(/\s+/)
  if (words[0] === '' || words[0]?.startsWith('#') === true) return undefined
  const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined
  const [names, type, base64] = words
  if (names === undefined || type === undefined || base64 === undefined) return undefined
  const key = Buffer.from(base64, 'base64')
  return keyType(key) === type ? { file, line, marker, names, type, key } : undefined
}

function matches(names: string, name: string): boolean {
  if (names.startsWith('|')) return hashMatches(names, name)
  const patterns = names.toLowerCase().split(',')
  const hit = (pattern: string): boolean => glob(pattern).test(name)
  if (patterns.some((pattern) => pattern.startsWith('!') && hit(pattern.slice(1)))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && hit(pattern))
}

function hashMatches(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  const computed = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  const stored = Buffer.from(hash, 'base64')
  return stored.length === computed.length && timingSafeEqual(stored, computed)
}

/** `*` and `?` as in known_hosts; every other character stands for itself. */
function glob(pattern: string): RegExp {
  const text = pattern
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll('\\*', '.*')
    .replaceAll('\\?', '.')
  return new RegExp(`^${text}$`)
}

/** Lines for the host under its name with port; lines for the bare name where there are none of those. */
function hostEntries(entries: readonly Entry[], host: string, port: number): readonly Entry[] {
  const keys = entries.filter(({ marker }) => marker === undefined)
  const exact = keys.filter(({ names }) => matches(names, hostName(host, port)))
  return exact.length > 0 ? exact : keys.filter(({ names }) => matches(names, host.toLowerCase()))
}

function verdict(entries: readonly Entry[], host: string, port: number, key: Buffer): HostKeyVerdict {
  const name = hostName(host, port)
  const marked = (word: string): readonly Entry[] =>
    entries.filter(
      ({ marker, names }) => marker === word && (matches(names, name) || matches(names, host.toLowerCase())),
    )
  const revoked = marked('@revoked').find((entry) => entry.key.equals(key))
  if (revoked !== undefined) return { kind: 'revoked', at: `${revoked.file}:${revoked.line}` }

  const known = hostEntries(entries, host, port)
  if (known.some((entry) => entry.key.equals(key))) return { kind: 'matched' }

  const type = keyType(key)
  const line = `${name} ${keyText(key)}`
  // As OpenSSH does: a bare name vouches for a host on another port only when its key is the same.
  const own = known.filter(({ names }) => matches(names, name))
  const old = own.find((entry) => entry.type === type) ?? own[0]
  if (old === undefined) {
    return { kind: 'unknown', line, certAuthority: marked('@cert-authority').length > 0 }
  }
  const remove = `ssh-keygen -f '${old.file}' -R '${name}'`
  return { kind: 'changed', at: `${old.file}:${old.line}`, remove, line }
}

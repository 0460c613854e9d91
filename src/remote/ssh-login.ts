import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { AnyAuthMethod, ParsedKey } from 'ssh2'
import ssh2 from 'ssh2'
import type { Secret } from '../base/secret.ts'
import { agentKeyTypes } from './ssh-agent-keys.ts'
import type { Tried } from './ssh-refusals.ts'
import type { PassphraseOf, SshTarget } from './ssh-target.ts'

/** `~/x` as a path of this user. */
export function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** Everything a login can be tried with, and what could not be used. */
export interface Login {
  readonly methods: readonly AnyAuthMethod[]
  readonly tried: readonly Tried[]
}

/** Key files in their order, then the agent. A key that cannot be used is named, not passed over in silence. */
export async function loginFor(target: SshTarget): Promise<Login> {
  const files: KeyFile[] = []
  // One after the other: two questions at once nobody could answer.
  for (const file of target.identityFiles ?? [])
    files.push(await keyFile(expandHome(file), target.passphraseOf))
  const methods: AnyAuthMethod[] = []
  const tried: Tried[] = []
  for (const { key, tried: words } of files) {
    tried.push(...words)
    if (key !== undefined) methods.push({ type: 'publickey', username: target.user, key })
  }
  const allUsable = files.length > 0 && methods.length === files.length
  if (target.agent !== undefined && !(target.identitiesOnly === true && allUsable)) {
    tried.push({ what: `the keys of ssh-agent (${target.agent})` })
    methods.push({ type: 'agent', username: target.user, agent: target.agent })
  }
  return { methods, tried: [...tried, ...certificatesOf(target)] }
}

/** What ssh would log in with and evha can not: told when nothing else opens the door. Never rejects. */
export async function unusableIn(agent: string | undefined): Promise<readonly Tried[]> {
  const types = agent === undefined ? [] : await agentKeyTypes(agent)
  return types.flatMap((type) => {
    const kind = unusableKind(type)
    return kind === undefined ? [] : [{ what: `${kind} in ssh-agent (not usable by evha)`, isUnusable: true }]
  })
}

/** The types that ssh2 1.17 leaves out, from a file as from an agent; a KeyFile of any other is read. */
function unusableKind(type: string): string | undefined {
  if (type.includes('-cert-v0')) return 'an SSH certificate'
  return type.startsWith('sk-') ? 'a FIDO key' : undefined
}

/** Certificates that lie beside a key, where ssh looks for them, and those that its configuration names. */
function certificatesOf({ identityFiles = [], certificateFiles = [] }: SshTarget): readonly Tried[] {
  const files = [...identityFiles.map((file) => `${file}-cert.pub`), ...certificateFiles].map(expandHome)
  return [...new Set(files)]
    .filter((file) => existsSync(file))
    .map((file) => ({ what: `the certificate ${file} (not usable by evha)`, isUnusable: true }))
}

interface KeyFile {
  readonly key?: ParsedKey
  readonly tried: readonly Tried[]
}

async function keyFile(file: string, passphraseOf?: PassphraseOf): Promise<KeyFile> {
  let content: Buffer
  try {
    content = await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return { tried: [{ what: `key ${file} (cannot be read: ${code})` }] }
  }
  const read = parsed(content, file)
  if (!read.encrypted || passphraseOf === undefined) return read
  const passphrase = await passphraseOf(file, (secret) => !parsed(content, file, secret).encrypted)
  return passphrase === null ? read : parsed(content, file, passphrase)
}

function parsed(
  content: Buffer,
  file: string,
  passphrase?: Secret,
): KeyFile & { readonly encrypted: boolean } {
  const key = ssh2.utils.parseKey(content, passphrase?.reveal())
  if (!(key instanceof Error)) {
    // The OpenSSH format may hold several keys; ssh2 then gives a list whatever its types say.
    const first = Array.isArray(key) ? (key as ParsedKey[])[0] : key
    if (first?.isPrivateKey() === true)
      return { key: first, tried: [{ what: `key ${file}` }], encrypted: false }
    return { tried: [{ what: `key ${file} (holds no private key)` }], encrypted: false }
  }
  if (/encrypted|bad passphrase|integrity check failed/i.test(key.message)) {
    const what = `key ${file} (encrypted, so not usable without its passphrase or ssh-agent)`
    return { tried: [{ what, encryptedFile: file }], encrypted: true }
  }
  const kind = unusableKind(/key type: (\S+)$/.exec(key.message)?.[1] ?? '')
  if (kind !== undefined)
    return {
      tried: [{ what: `${kind} in ${file} (not usable by evha)`, isUnusable: true }],
      encrypted: false,
    }
  return { tried: [{ what: `key ${file} (not a key evha can read: ${key.message})` }], encrypted: false }
}

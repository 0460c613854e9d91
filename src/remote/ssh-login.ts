import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { AnyAuthMethod, ParsedKey } from 'ssh2'
import ssh2 from 'ssh2'
import type { Tried } from './ssh-refusals.ts'
import type { SshTarget } from './ssh-target.ts'

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
  const files = await Promise.all((target.identityFiles ?? []).map((file) => keyFile(expandHome(file))))
  const methods: AnyAuthMethod[] = []
  const tried: Tried[] = []
  for (const { key, tried: words } of files) {
    tried.push(words)
    if (key !== undefined) methods.push({ type: 'publickey', username: target.user, key })
  }
  if (target.agent !== undefined) {
    tried.push({ what: `the keys of ssh-agent (${target.agent})` })
    methods.push({ type: 'agent', username: target.user, agent: target.agent })
  }
  return { methods, tried }
}

async function keyFile(file: string): Promise<{ key?: ParsedKey; tried: Tried }> {
  let content: Buffer
  try {
    content = await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return { tried: { what: `key ${file} (cannot be read: ${code})` } }
  }
  const parsed = ssh2.utils.parseKey(content)
  if (!(parsed instanceof Error)) {
    // The OpenSSH format may hold several keys; ssh2 then gives a list whatever its types say.
    const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed
    if (key?.isPrivateKey() === true) return { key, tried: { what: `key ${file}` } }
    return { tried: { what: `key ${file} (holds no private key)` } }
  }
  if (/encrypted/i.test(parsed.message)) {
    return {
      tried: { what: `key ${file} (encrypted, so not usable without ssh-agent)`, encryptedFile: file },
    }
  }
  return { tried: { what: `key ${file} (not a key evha can read: ${parsed.message})` } }
}

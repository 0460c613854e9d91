import { homedir, userInfo } from 'node:os'
import { reads } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { runLocal } from './local.ts'

/** A login as somebody wrote it: what is left out, the operator's own ssh knows. */
export interface AskedLogin {
  /** An address, a name, or an alias of the operator's ssh configuration. */
  readonly host: string
  readonly port?: number
  readonly user?: string
}

/** What the operator's own ssh would do for a login, Include and Match included. Paths are as ssh wrote them. */
export interface SshSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly certificateFiles: readonly string[]
  /** Only these files, not whatever else the agent holds. */
  readonly identitiesOnly: boolean
  readonly agent: string | undefined
  readonly knownHostsFiles: readonly string[]
  /** The name under which the host's key is kept, where it is another than the host's. */
  readonly hostKeyAlias: string | undefined
  /** Hosts to hop over, nearest first. */
  readonly jumps: readonly AskedLogin[]
}

/** `ssh -G` opens nothing; it only reads files. */
const askTimeoutMs = 10_000

/**
 * Asks the operator's own ssh (`ssh -G`), so that aliases, Include and Match mean here what they mean there.
 * `configFile` replaces the usual files. Throws EvhaError `usage` for a configuration that ssh does not read, or that
 * asks for what evha can not do.
 */
export async function sshSettings(login: AskedLogin, configFile?: string): Promise<SshSettings> {
  const asked = await runLocal(
    reads(
      'ask ssh for its settings',
      [
        'ssh',
        '-G',
        ...(configFile === undefined ? [] : ['-F', configFile]),
        ...(login.port === undefined ? [] : ['-p', String(login.port)]),
        ...(login.user === undefined ? [] : ['-l', login.user]),
        '--',
        login.host,
      ],
      { timeoutMs: askTimeoutMs },
    ),
  )
  if (asked.kind === 'finished' && asked.exitCode === 127) return withoutSsh(login)
  if (asked.kind !== 'finished' || asked.exitCode !== 0) {
    const said = asked.kind === 'finished' ? asked.stderr.trim().split('\n').at(-1) : asked.message
    throw usage(
      `ssh can not read its own configuration for ${login.host}: ${said ?? ''}`,
      `mend it until this prints settings: ssh -G ${login.host}`,
    )
  }
  return readSettings(asked.stdout, login)
}

/** Reads what `ssh -G` prints: one `keyword value` a line, keywords in lower case, some of them several times. */
export function readSettings(text: string, login: AskedLogin): SshSettings {
  const lines = text.split('\n').map((line) => {
    const at = line.indexOf(' ')
    return at === -1 ? ([line, ''] as const) : ([line.slice(0, at), line.slice(at + 1).trim()] as const)
  })
  const all = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value)
  const one = (key: string) => all(key)[0] ?? ''
  const host = one('hostname') || login.host
  const port = Number(one('port')) || 22
  const user = one('user') || userInfo().username
  const path = (written: string) => expandTokens(written, { host, port, user, name: login.host })
  if (isSet(one('proxycommand')))
    throw usage(
      `the ssh configuration of ${login.host} has a ProxyCommand, which evha does not run`,
      `name the host in between instead: ProxyJump USER@HOST, under Host ${login.host}`,
    )
  return {
    host,
    port,
    user,
    identityFiles: all('identityfile').filter(isSet).map(path),
    certificateFiles: all('certificatefile').filter(isSet).map(path),
    identitiesOnly: one('identitiesonly') === 'yes',
    agent: agentOf(one('identityagent'), path),
    knownHostsFiles: [...all('userknownhostsfile'), ...all('globalknownhostsfile')]
      .flatMap((files) => files.split(' '))
      .filter(isSet)
      .map(path),
    hostKeyAlias: one('hostkeyalias') || undefined,
    jumps: isSet(one('proxyjump')) ? one('proxyjump').split(',').map(jumpOf) : [],
  }
}

const isSet = (value: string): boolean => value !== '' && value !== 'none'

function agentOf(written: string, path: (written: string) => string): string | undefined {
  if (written === 'none') return undefined
  if (written === '' || written === 'SSH_AUTH_SOCK') return process.env['SSH_AUTH_SOCK']
  return written.startsWith('$') ? process.env[written.slice(1)] : path(written)
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`. */
function jumpOf(written: string): AskedLogin {
  const found = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(written.trim())
  const host = found?.[2]?.replace(/^\[|\]$/g, '')
  if (host === undefined) throw usage(`${written} is no host to jump over`, 'write ProxyJump USER@HOST:PORT')
  return {
    host,
    ...(found?.[1] === undefined ? {} : { user: found[1] }),
    ...(found?.[3] === undefined ? {} : { port: Number(found[3]) }),
  }
}

/** The tokens of ssh_config(5) that stand in paths of keys and known hosts. */
function expandTokens(
  written: string,
  to: { readonly host: string; readonly port: number; readonly user: string; readonly name: string },
): string {
  const values: Readonly<Record<string, string>> = {
    '%%': '%',
    '%d': homedir(),
    '%h': to.host,
    '%n': to.name,
    '%p': String(to.port),
    '%r': to.user,
    '%u': userInfo().username,
  }
  return written.replace(/%./g, (token) => values[token] ?? token)
}

/** Where no ssh is installed there is no configuration of it either: its defaults. */
function withoutSsh(login: AskedLogin): SshSettings {
  return {
    host: login.host,
    port: login.port ?? 22,
    user: login.user ?? userInfo().username,
    identityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `~/.ssh/${name}`),
    certificateFiles: [],
    identitiesOnly: false,
    agent: process.env['SSH_AUTH_SOCK'],
    knownHostsFiles: ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
    hostKeyAlias: undefined,
    jumps: [],
  }
}

function usage(message: string, hint: string): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
}

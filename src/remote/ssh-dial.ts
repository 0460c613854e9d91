import type { Duplex } from 'node:stream'
import type { ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { EvhaError } from '../base/errors.ts'
import { fingerprint, type HostKeyVerdict, type KnownHosts, keyText, readKnownHosts } from './known-hosts.ts'
import { type Link, linkOf } from './ssh-link.ts'
import { expandHome, type Login, loginFor, unusableIn } from './ssh-login.ts'
import { hostKeyRefused, loginRefused, refused, type Tried, unreachable } from './ssh-refusals.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** Host key types as known_hosts names them, with the signature algorithms that go with each. */
const algorithmsOfType: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

/** What went on while a connection was made; decides which failure it is. */
interface Course {
  verdict?: { verdict: HostKeyVerdict; fingerprint: string; key: string }
  handshaken: boolean
  agentFailed: boolean
}

/** Connects and logs in, the host key checked. Throws EvhaError `unreachable`, `refused` or `hostKey`. */
export async function dial(target: SshTarget, limits: SshLimits, sock?: Duplex): Promise<Link> {
  const [known, login] = await Promise.all([
    readKnownHosts(target.knownHostsFiles.map(expandHome)),
    loginFor(target),
  ])
  if (login.methods.length === 0) throw loginRefused(target, login.tried)
  return logIn(target, limits, sock, known, login).catch(async (error: unknown) => {
    if (!(error instanceof LoginFailed)) throw error
    throw loginRefused(target, [...error.tried, ...(await unusableIn(target.agent))], error.cause)
  })
}

/** The host took none of the ways to log in. */
class LoginFailed extends Error {
  readonly tried: readonly Tried[]

  constructor(tried: readonly Tried[], cause: unknown) {
    super('the login was refused', { cause })
    this.tried = tried
  }
}

async function logIn(
  target: SshTarget,
  limits: SshLimits,
  sock: Duplex | undefined,
  known: KnownHosts,
  login: Login,
): Promise<Link> {
  const client = new ssh2.Client()
  const course: Course = { handshaken: false, agentFailed: false }
  const link = linkOf(client, limits.connectTimeoutMs, () => course.verdict?.key ?? '')
  await new Promise<void>((resolve, reject) => {
    client.on('connect', () => client.setNoDelay(true))
    client.on('handshake', () => {
      course.handshaken = true
    })
    client.once('ready', resolve)
    client.on('error', (error: Error & { level?: string }) => {
      // With a dead agent ssh2 goes on to the next way to log in.
      if (error.level === 'agent') course.agentFailed = true
      else reject(failureOfDial(target, login, course, known, error))
    })
    client.once('close', () => reject(unreachable(target, 'the connection was closed during the login')))
    try {
      client.connect(configOf(target, limits, known, login, course, sock))
    } catch (error) {
      reject(unreachable(target, error instanceof Error ? error.message : String(error), error))
    }
  }).catch((error: unknown) => {
    client.destroy()
    throw error
  })
  return link
}

/** An alias stands in known_hosts without a port, as OpenSSH has it. */
function knownAs({ host, port, hostKeyAlias }: SshTarget): [host: string, port: number] {
  return hostKeyAlias === undefined ? [host, port] : [hostKeyAlias, 22]
}

function configOf(
  target: SshTarget,
  limits: SshLimits,
  known: KnownHosts,
  login: Login,
  course: Course,
  sock: Duplex | undefined,
): ConnectConfig {
  const types = known.keyTypes(...knownAs(target))
  const serverHostKey = types.flatMap((type) => algorithmsOfType[type] ?? [])
  const methods = [...login.methods]
  return {
    host: target.host,
    port: target.port,
    username: target.user,
    readyTimeout: limits.connectTimeoutMs,
    keepaliveInterval: limits.keepaliveIntervalMs,
    keepaliveCountMax: limits.keepaliveCountMax,
    ...(serverHostKey.length > 0 ? { algorithms: { serverHostKey } } : {}),
    ...(sock === undefined ? {} : { sock }),
    // Without a verifier ssh2 accepts any key.
    hostVerifier: (key: Buffer): boolean => {
      const verdict = known.verify(...knownAs(target), key)
      course.verdict = { verdict, fingerprint: fingerprint(key), key: keyText(key) }
      return verdict.kind === 'matched'
    },
    authHandler: (_left, _partial, next) => {
      const method = methods.shift()
      // `false` ends the trying; the types of ssh2 leave it out.
      next(method ?? (false as unknown as 'none'))
    },
  }
}

function failureOfDial(
  target: SshTarget,
  login: Login,
  course: Course,
  known: KnownHosts,
  error: Error & { level?: string; code?: unknown },
): EvhaError | LoginFailed {
  const seen = course.verdict
  if (seen !== undefined && seen.verdict.kind !== 'matched') {
    return hostKeyRefused(target, seen.verdict, seen.fingerprint)
  }
  if (error.level === 'handshake' && error.message.includes('no matching host key format')) {
    const types = known.keyTypes(...knownAs(target)).join(', ') || 'any that evha can check'
    return new EvhaError({
      kind: 'hostKey',
      message: `${target.name} (${target.host}:${target.port}) no longer shows a host key of a known type (${types})`,
      changedAnything: 'no',
      retryable: false,
      hint: `compare: ssh-keyscan -p ${target.port} ${target.host}; add the right line to ${target.knownHostsFiles[0] ?? 'known_hosts'}`,
    })
  }
  if (error.level === 'handshake') {
    return refused(target, `no common algorithm (${error.message})`, algorithmHint(error.message), error)
  }
  // A numeric code without level is the server's own goodbye, such as too many failed keys.
  const goodbye = error.level === undefined && typeof error.code === 'number'
  if (error.level === 'client-authentication' || (course.handshaken && goodbye)) {
    const tried = course.agentFailed
      ? [...login.tried, { what: 'ssh-agent did not answer or would not sign' }]
      : login.tried
    return new LoginFailed(tried, error)
  }
  return unreachable(target, error.message, error)
}

/** What to allow on the host, by what ssh2 found nothing in common in. */
function algorithmHint(message: string): string {
  const reload = 'in its sshd_config for the migration, then: systemctl reload ssh'
  return message.includes('key exchange')
    ? `evha can not speak post-quantum key exchange, and the host offers nothing else: add curve25519-sha256 to KexAlgorithms ${reload}`
    : `evha speaks AES-GCM, AES-CTR and hmac-sha2: add aes256-gcm@openssh.com to Ciphers, or hmac-sha2-256 to MACs, ${reload}`
}

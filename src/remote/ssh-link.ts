import type { Duplex } from 'node:stream'
import type { Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { EvhaError } from '../base/errors.ts'
import { fingerprint, type HostKeyVerdict, type KnownHosts, readKnownHosts } from './known-hosts.ts'
import { expandHome, type Login, loginFor } from './ssh-login.ts'
import { hostKeyRefused, loginRefused, refused, unreachable } from './ssh-refusals.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** One SSH connection that is up, until `lost`. */
export interface Link {
  readonly alive: boolean
  /** Resolves when the connection is gone, whatever the reason. Never rejects. */
  readonly lost: Promise<void>
  /** Runs `text` in the login shell. Throws ChannelRefused, or LinkGone. */
  exec(text: string): Promise<Session>
  /** A byte stream to an address as seen from the host. Throws the same. */
  forward(host: string, port: number): Promise<ClientChannel>
  end(): void
  destroy(): void
}

/** How a command ended, as the host says. */
export interface Exit {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | undefined
}

/** A channel with a command at its other end. */
export interface Session {
  readonly channel: ClientChannel
  /** undefined until the end was seen; it stays so when the link is lost. */
  exit(): Exit | undefined
  /** Resolves when the channel is closed, which takes somebody who reads it. Never rejects. */
  readonly closed: Promise<void>
}

/** The host is there and said no to one more channel. */
export class ChannelRefused extends Error {}
/** The connection was lost before the channel stood. */
export class LinkGone extends Error {
  /** False when the connection was gone before anything was asked of the host. */
  readonly sent: boolean

  constructor(message: string, sent: boolean) {
    super(message)
    this.sent = sent
  }
}

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
  verdict?: { verdict: HostKeyVerdict; fingerprint: string }
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

  const client = new ssh2.Client()
  const course: Course = { handshaken: false, agentFailed: false }
  const link = linkOf(client, limits.connectTimeoutMs)
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

function configOf(
  target: SshTarget,
  limits: SshLimits,
  known: KnownHosts,
  login: Login,
  course: Course,
  sock: Duplex | undefined,
): ConnectConfig {
  const types = known.keyTypes(target.host, target.port)
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
      const verdict = known.verify(target.host, target.port, key)
      course.verdict = { verdict, fingerprint: fingerprint(key) }
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
): EvhaError {
  const seen = course.verdict
  if (seen !== undefined && seen.verdict.kind !== 'matched') {
    return hostKeyRefused(target, seen.verdict, seen.fingerprint)
  }
  if (error.level === 'handshake' && error.message.includes('no matching host key format')) {
    const types = known.keyTypes(target.host, target.port).join(', ') || 'any that evha can check'
    return new EvhaError({
      kind: 'hostKey',
      message: `${target.name} (${target.host}:${target.port}) no longer shows a host key of a known type (${types})`,
      changedAnything: 'no',
      retryable: false,
      hint: `compare: ssh-keyscan -p ${target.port} ${target.host}; add the right line to ${target.knownHostsFiles[0] ?? 'known_hosts'}`,
    })
  }
  if (error.level === 'handshake') {
    return refused(
      target,
      `no common algorithm (${error.message})`,
      'evha speaks curve25519-sha256, AES-GCM and AES-CTR; post-quantum-only servers and OpenSSH certificates are not supported: allow one of these in sshd_config',
      error,
    )
  }
  // A numeric code without level is the server's own goodbye, such as too many failed keys.
  const goodbye = error.level === undefined && typeof error.code === 'number'
  if (error.level === 'client-authentication' || (course.handshaken && goodbye)) {
    const tried = course.agentFailed
      ? [...login.tried, { what: 'ssh-agent did not answer or would not sign' }]
      : login.tried
    return loginRefused(target, tried, error)
  }
  return unreachable(target, error.message, error)
}

function linkOf(client: Client, openTimeoutMs: number): Link {
  let alive = true
  const lost = new Promise<void>((resolve) => {
    client.on('close', () => {
      alive = false
      resolve()
    })
  })
  // A link may fail at any time; what it carried learns of it by the close of its channels.
  client.on('error', () => {})

  const open = async <T>(
    how: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    opened: (channel: ClientChannel) => T,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(new LinkGone('the host did not open a channel in time', true))
      }, openTimeoutMs)
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        const message = error instanceof Error ? error.message : String(error)
        const answered = error instanceof Error && 'reason' in error && typeof error.reason === 'number'
        const denied = answered || (alive && message === 'Unable to exec')
        reject(denied ? new ChannelRefused(message) : new LinkGone(message, true))
      }
      void lost.then(() => fail(new Error('the connection was lost')))
      try {
        // On a closed connection ssh2 throws at once instead of calling back.
        how((error, channel) => {
          if (error !== undefined) return fail(error)
          clearTimeout(timer)
          if (late) channel.destroy().resume()
          else resolve(opened(channel))
        })
      } catch (error) {
        clearTimeout(timer)
        alive = false
        reject(new LinkGone(error instanceof Error ? error.message : String(error), false))
      }
    })

  return {
    get alive() {
      return alive
    },
    lost,
    exec: (text) => open((done) => client.exec(text, done), sessionOf),
    forward: (host, port) =>
      open(
        (done) => client.forwardOut('127.0.0.1', 0, host, port, done),
        (channel) => channel,
      ),
    end: () => void client.end(),
    destroy: () => void client.destroy(),
  }
}

/** Listens at once: the end of a short command may stand in the very packet that opened its channel. */
function sessionOf(channel: ClientChannel): Session {
  let exit: Exit | undefined
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = { code, signal }
  })
  // What goes wrong with a channel shows in its close.
  channel.on('error', () => {})
  channel.stderr.on('error', () => {})
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()))
  return { channel, exit: () => exit, closed }
}

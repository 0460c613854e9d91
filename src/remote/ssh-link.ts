import type { Client, ClientChannel } from 'ssh2'

/** One SSH connection that is up, until `lost`. */
export interface Link {
  readonly alive: boolean
  /** The host key that was verified, as known_hosts writes it. */
  readonly hostKey: string
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

/** Watches over a client that is being connected. */
export function linkOf(client: Client, openTimeoutMs: number, hostKey: () => string): Link {
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
    get hostKey() {
      return hostKey()
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

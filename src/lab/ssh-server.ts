import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import ssh2, { type Connection, type ServerChannel, type Session } from 'ssh2'
import { sendOutputs } from './channel-outputs.ts'
import { SlowLink } from './slow-link.ts'

/** One host's SSH server inside the lab's process. */
export interface LabSshServer {
  /** Ends every connection at once, as a pulled cable does not: the client sees it. Commands go on; what it sends after that is not run. */
  dropLinks(): void
  /** New connections are refused while false. */
  accepting: boolean
  /** Round trip of every connection that is made from now on: to this host, and from it to another one. */
  rttMs: number
  close(): Promise<void>
}

interface Options {
  readonly host: string
  readonly port: number
  /** PEM. */
  readonly hostKey: string
  /** The one public key that may log in, in OpenSSH's format. */
  readonly operatorKey: string
  /** What commands find in their environment. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly rttMs: number
}

/** Serves a host over real SSH: public key only, commands really run by `sh`, each in a process group of its own. */
export async function startSshServer(options: Options): Promise<LabSshServer> {
  const allowed = ssh2.utils.parseKey(options.operatorKey)
  if (allowed instanceof Error) throw allowed
  const clients = new Set<{ end(): void }>()
  /** Of each command under way: ends what it hears. */
  const heard = new Set<() => void>()
  const handle: LabSshServer = {
    accepting: true,
    rttMs: options.rttMs,
    dropLinks: () => {
      for (const client of clients) client.end()
      clients.clear()
      // The client's direction stays open until it has seen the end of the other one.
      for (const hangUp of heard) hangUp()
    },
    close: () =>
      new Promise((resolve) => {
        handle.dropLinks()
        door.close(() => resolve())
      }),
  }
  const server = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    if (!handle.accepting) {
      client.end()
      return
    }
    clients.add(client)
    // As sshd does; without it each command waits 40 ms for the client's delayed acknowledgement.
    setNoDelay(client)
    client.on('close', () => clients.delete(client))
    // A client that vanishes is no event of the lab's.
    client.on('error', () => clients.delete(client))
    client.on('authentication', (context) => {
      const known =
        context.method === 'publickey' &&
        context.key.algo === allowed.type &&
        context.key.data.equals(allowed.getPublicSSH())
      if (context.method !== 'publickey' || !known) return context.reject(['publickey'])
      if (context.signature === undefined || context.blob === undefined) return context.accept()
      const valid = allowed.verify(context.blob, context.signature, context.hashAlgo)
      return valid === true ? context.accept() : context.reject(['publickey'])
    })
    client.on('session', (accept) => {
      if (clients.has(client)) serveSession(accept(), options, heard)
    })
    client.on('tcpip', (accept, reject, info) => {
      // A host that speaks with itself is not far away.
      const rttMs = info.destIP === options.host ? 0 : handle.rttMs
      const socket = connect({ host: info.destIP, port: info.destPort })
      socket.once('error', () => setTimeout(() => reject(), rttMs))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        overLine(socket, rttMs, (line) => join(accept(), line))
      })
    })
  })
  // Connections come through a door of their own, so that their line can be made long.
  const door = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    overLine(socket, handle.rttMs, (line) => server.injectSocket(line as Socket))
  })
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject)
    door.listen(options.port, options.host, () => resolve())
  })
  return handle
}

/** Gives the connection as it is over a line of that length; what TCP's own handshake takes there has passed by then. */
function overLine(socket: Socket, rttMs: number, work: (line: Duplex) => void): void {
  if (rttMs === 0) work(socket)
  else setTimeout(() => work(new SlowLink(socket, rttMs)), rttMs)
}

function join(channel: ServerChannel, line: Duplex): void {
  line.on('error', () => channel.destroy())
  channel.on('error', () => line.destroy())
  line.on('close', () => channel.destroy())
  channel.on('close', () => line.destroy())
  line.pipe(channel).pipe(line)
}

function serveSession(session: Session, options: Options, heard: Set<() => void>): void {
  session.on('env', (accept) => accept?.())
  session.on('exec', (accept, _reject, { command }) => {
    runCommand(accept(), command, options, heard)
  })
}

/** Runs one command. As with OpenSSH, a channel that closes leaves the process running, without its stdin. */
function runCommand(
  channel: ServerChannel,
  command: string,
  { env, cwd }: Options,
  heard: Set<() => void>,
): void {
  const child: ChildProcess = spawn('sh', ['-c', command], {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('the command has no pipes')
  stdin.on('error', () => undefined)
  channel.on('error', () => undefined)
  channel.pipe(stdin)
  const hangUp = () => {
    heard.delete(hangUp)
    channel.unpipe(stdin)
    stdin.end()
  }
  heard.add(hangUp)
  channel.on('close', hangUp)
  const sent = sendOutputs(stdout, stderr, channel)
  child.on('error', () => {
    channel.exit(127)
    channel.end()
  })
  child.on('close', (code, signal) => {
    void sent().then(() => {
      if (signal === null) channel.exit(code ?? 1)
      else channel.exit(signal.replace(/^SIG/, ''))
      channel.end()
    })
  })
}

/** The server's side of a connection has it as the client's side does; the types leave it out. */
function setNoDelay(client: Connection): void {
  ;(client as Connection & { setNoDelay(on: boolean): unknown }).setNoDelay(true)
}

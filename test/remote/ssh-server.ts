import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, connect as dialTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerChannel } from 'ssh2'
import ssh2 from 'ssh2'
import { sendOutputs } from '../../src/lab/channel-outputs.ts'
import type { SshTarget } from '../../src/remote/ssh-target.ts'

export type KeyKind = 'ed25519' | 'ecdsa' | 'rsa'

export interface ServerOptions {
  readonly hostKeys?: readonly KeyKind[]
  /** Environment of every command; the server's own when absent. */
  readonly env?: Readonly<Record<string, string>>
  /** Sessions it opens at a time on one connection. */
  readonly sessionsMax?: number
  /** What the login shell prints before each command. */
  readonly noise?: { readonly stdout?: string; readonly stderr?: string }
  /** The login shell, `sh` when absent. */
  readonly shell?: string
  /** Says neither yes nor no to a session. */
  readonly deaf?: boolean
}

/** An SSH server in this process that really runs what it is asked to, and can fail on demand. */
export interface TestServer {
  readonly dir: string
  readonly target: SshTarget
  /** What was executed, in order. */
  readonly executed: readonly string[]
  readonly connections: () => number
  /** Most sessions that were open at once. */
  readonly sessionsAtOnce: () => number
  /** Public half of a host key, as in known_hosts. */
  hostKey(kind: KeyKind): string
  /** Cuts every connection, as a reset does. */
  cut(): void
  /** Answers nothing any more, as a host behind a cut cable. */
  freeze(): void
  stop(): Promise<void>
}

export function makeKey(file: string, kind: KeyKind = 'ed25519', passphrase = ''): string {
  execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', passphrase, '-C', 'test', '-f', file])
  return file
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-ssh-'))
  const kinds = options.hostKeys ?? ['ed25519']
  for (const kind of kinds) makeKey(join(dir, `host_${kind}`), kind)
  const userKey = makeKey(join(dir, 'user_key'))
  const allowed = readFileSync(`${userKey}.pub`, 'utf8').split(' ')[1]
  const executed: string[] = []
  const children = new Set<ChildProcess>()
  const sockets = new Set<Socket>()
  const counts = { connections: 0, open: 0, atOnce: 0 }

  const server = new ssh2.Server({ hostKeys: kinds.map((kind) => readFileSync(join(dir, `host_${kind}`))) })
  server.on('connection', (client) => {
    let sessions = 0
    client.on('error', () => {})
    client.on('authentication', (login) => {
      const known = login.method === 'publickey' && login.key.data.toString('base64') === allowed
      if (known) login.accept()
      else login.reject(['publickey'])
    })
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const socket = dialTcp(destPort, destIP)
      socket.once('connect', () => {
        const channel = accept()
        socket.pipe(channel).pipe(socket)
      })
      socket.once('error', () => reject())
    })
    client.on('session', (accept, reject) => {
      if (options.deaf === true) return
      if (sessions >= (options.sessionsMax ?? 10)) return void reject()
      sessions += 1
      counts.open += 1
      counts.atOnce = Math.max(counts.atOnce, counts.open)
      const session = accept()
      session.on('close', () => {
        sessions -= 1
        counts.open -= 1
      })
      session.on('exec', (acceptExec, _reject, { command }) => {
        executed.push(command)
        serve(acceptExec(), command, options, children)
      })
    })
  })

  // The TCP port is ours, so that a test can cut or silence the connections below SSH.
  const front = createServer((socket) => {
    counts.connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    server.injectSocket(socket)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const address = front.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address
  const hostKey = (kind: KeyKind): string =>
    readFileSync(join(dir, `host_${kind}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')

  return {
    dir,
    executed,
    hostKey,
    connections: () => counts.connections,
    sessionsAtOnce: () => counts.atOnce,
    target: {
      name: 'node-1',
      host: '127.0.0.1',
      port,
      user: 'root',
      identityFiles: [userKey],
      knownHostsFiles: [join(dir, 'known_hosts')],
      sudo: false,
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    freeze() {
      for (const socket of sockets) {
        socket.removeAllListeners('data')
        socket.pause()
      }
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      for (const child of children) kill(child)
      await new Promise((resolve) => front.close(resolve))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function serve(
  channel: ServerChannel,
  command: string,
  options: ServerOptions,
  children: Set<ChildProcess>,
): void {
  if (options.noise?.stdout !== undefined) channel.write(options.noise.stdout)
  if (options.noise?.stderr !== undefined) channel.stderr.write(options.noise.stderr)
  const child = spawn(options.shell ?? 'sh', ['-c', command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
  })
  children.add(child)
  child.stdin.on('error', () => {})
  channel.on('error', () => {})
  channel.pipe(child.stdin)
  const sent = sendOutputs(child.stdout, child.stderr, channel)
  child.on('close', (code, signal) => {
    children.delete(child)
    void sent().then(() => {
      if (code === null) channel.exit(String(signal).replace(/^SIG/, ''), false, '')
      else channel.exit(code)
      channel.end()
    })
  })
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It was over already.
  }
}

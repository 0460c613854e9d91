import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SshTarget } from '../../src/remote/ssh-target.ts'

const binary = '/usr/sbin/sshd'

/** Why the suite against a real sshd cannot run here, or undefined when it can. */
export const noSshd = existsSync(binary) ? undefined : `${binary} is not installed`

/** A real OpenSSH server of this test alone: own keys, own port, own files, on loopback. */
export interface OpenSsh {
  readonly target: SshTarget
  readonly dir: string
  readonly hostKeyFile: string
  stop(): Promise<void>
}

export async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}

export function makeKey(file: string, ...options: string[]): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', ...options, '-f', file])
  return file
}

/** A real sshd on one loopback address, before anybody has a key to it. */
export interface Sshd {
  readonly port: number
  readonly hostKeyFile: string
  /** Its line in a known_hosts file. */
  readonly knownHostsLine: string
  /** What it has logged so far. */
  said(): string
  stop(): Promise<void>
}

/** Starts one whose keys and configuration lie in `dir`; throws when it does not come to listen. */
export async function startSshd(options: {
  readonly dir: string
  readonly address: string
  readonly authorizedKeysFile: string
  readonly extra?: readonly string[]
}): Promise<Sshd> {
  const { dir, address } = options
  const port = await freePort(address)
  const hostKeyFile = makeKey(join(dir, 'host_key'))
  const hostKey = readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  const config = [
    `ListenAddress ${address}:${port}`,
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${options.authorizedKeysFile}`,
    'PidFile none',
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    ...(options.extra ?? []),
  ]
  writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`)
  // sshd refuses to start without its privilege separation directory, which its service makes at boot.
  if (userInfo().uid === 0) execFileSync('mkdir', ['-p', '-m', '755', '/run/sshd'])
  const child = spawn(binary, ['-D', '-e', '-f', join(dir, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = await listening(child)
  return {
    port,
    hostKeyFile,
    knownHostsLine: `[${address}]:${port} ${hostKey}\n`,
    said,
    async stop() {
      child.kill('SIGKILL')
      await sleep(50)
    },
  }
}

export async function startOpenSsh(extra: readonly string[] = []): Promise<OpenSsh> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-sshd-'))
  const userKey = makeKey(join(dir, 'user_key'))
  const authorizedKeysFile = join(dir, 'authorized_keys')
  writeFileSync(authorizedKeysFile, readFileSync(`${userKey}.pub`), { mode: 0o600 })
  const sshd = await startSshd({ dir, address: '127.0.0.1', authorizedKeysFile, extra })
  writeFileSync(join(dir, 'known_hosts'), sshd.knownHostsLine)
  return {
    dir,
    hostKeyFile: sshd.hostKeyFile,
    target: {
      name: 'node-1',
      host: '127.0.0.1',
      port: sshd.port,
      user: userInfo().username,
      identityFiles: [userKey],
      knownHostsFiles: [join(dir, 'known_hosts')],
    },
    async stop() {
      await sshd.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Resolves, with a way to read its log, once it listens. */
async function listening(child: ChildProcess): Promise<() => string> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('Server listening')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`sshd did not start: ${said}`)))
  })
  return () => said
}

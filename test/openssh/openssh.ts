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

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

export function makeKey(file: string, ...options: string[]): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', ...options, '-f', file])
  return file
}

export async function startOpenSsh(extra: readonly string[] = []): Promise<OpenSsh> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-sshd-'))
  const port = await freePort()
  const hostKeyFile = makeKey(join(dir, 'host_key'))
  const userKey = makeKey(join(dir, 'user_key'))
  const hostKey = readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(`${userKey}.pub`), { mode: 0o600 })
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    `PidFile ${join(dir, 'pid')}`,
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    ...extra,
  ]
  writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`)
  // sshd refuses to start without its privilege separation directory, which its service makes at boot.
  if (userInfo().uid === 0) execFileSync('mkdir', ['-p', '-m', '755', '/run/sshd'])
  const child = spawn(binary, ['-D', '-e', '-f', join(dir, 'sshd_config')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await listening(child)
  return {
    dir,
    hostKeyFile,
    target: {
      name: 'node-1',
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      identityFiles: [userKey],
      knownHostsFiles: [join(dir, 'known_hosts')],
    },
    async stop() {
      child.kill('SIGKILL')
      await sleep(50)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function listening(child: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('Server listening')) resolve()
    })
    child.once('exit', () => reject(new Error(`sshd did not start: ${said}`)))
  })
}

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { reads } from '../../src/base/command.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { openSsh, type SshLimits, type SshTarget } from '../../src/remote/ssh.ts'
import { type ServerOptions, startServer, type TestServer } from './ssh-server.ts'

/** A server whose key is known, and a door to it; both are closed when the test is over. */
export async function host(
  options: ServerOptions = {},
  change: Partial<SshTarget> = {},
  limits: Partial<SshLimits> = {},
): Promise<{ server: TestServer; remote: Remote; target: SshTarget }> {
  const server = await startServer(options)
  const known = (options.hostKeys ?? ['ed25519']).map((kind) => `${name(server)} ${server.hostKey(kind)}\n`)
  writeFileSync(join(server.dir, 'known_hosts'), known.join(''))
  const target = { ...server.target, ...change }
  const remote = openSsh(target, { shellsMax: 0, ...limits })
  onTestFinished(() => server.stop())
  onTestFinished(() => remote.close())
  return { server, remote, target }
}

export const name = (server: TestServer): string => `[127.0.0.1]:${server.target.port}`
export const echo = reads('say hello', ['echo', 'hello'])

/** Asks the host who the login is, as an operator's target does. */
export const withoutSudoAnswer = { sudo: undefined } as unknown as Partial<SshTarget>

/** The processes that still run a `sleep` of this length. */
export function sleepers(seconds: number): string[] {
  const list = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.filter((line) => !line.startsWith('Z') && line.trim().endsWith(` sleep ${seconds}`))
}

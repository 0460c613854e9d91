import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { Secret } from '../../src/base/secret.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { openSsh, type SshLimits, type SshTarget } from '../../src/remote/ssh.ts'
import { sshLimits } from '../../src/remote/ssh-target.ts'
import { type ServerOptions, startServer, type TestServer } from './ssh-server.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server whose key is known, and a door to it. */
async function host(
  options: ServerOptions = {},
  change: Partial<SshTarget> = {},
  limits: Partial<SshLimits> = {},
): Promise<{ server: TestServer; remote: Remote; target: SshTarget }> {
  const server = await startServer(options)
  const known = (options.hostKeys ?? ['ed25519']).map((kind) => `${name(server)} ${server.hostKey(kind)}\n`)
  writeFileSync(join(server.dir, 'known_hosts'), known.join(''))
  const target = { ...server.target, ...change }
  const remote = openSsh(target, { shellsMax: 0, ...limits })
  cleanups.push(() => server.stop())
  cleanups.push(() => remote.close())
  return { server, remote, target }
}

const name = (server: TestServer): string => `[127.0.0.1]:${server.target.port}`
const echo = reads('say hello', ['echo', 'hello'])

/** The processes that still run a `sleep` of this length. */
function sleepers(seconds: number): string[] {
  const list = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.filter((line) => !line.startsWith('Z') && line.trim().endsWith(` sleep ${seconds}`))
}

test('runs a command: words, stdin, exit code, both outputs', async () => {
  const { remote } = await host()
  const text = 'cat; printf "<%s>" "$@"; echo oops >&2; exit 7'
  const outcome = await remote.run(
    changes('try', ['sh', '-c', text, 'x', "it's", 'two\nlines', ''], { stdin: new Secret('in ') }),
  )
  expect(outcome).toMatchObject({
    kind: 'finished',
    exitCode: 7,
    stdout: "in <it's><two\nlines><>",
    stderr: 'oops\n',
    truncated: false,
  })
})

test('a command without stdin sees its end at once', async () => {
  const { remote } = await host()
  expect(await remote.run(reads('read', ['cat']))).toMatchObject({ exitCode: 0, stdout: '' })
})

test('a death by signal is told as one', async () => {
  const { remote } = await host()
  const outcome = await remote.run(reads('die', script('kill -KILL $$')))
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: null, signal: 'SIGKILL' })
})

test.each(['', '>&2'])(
  'output beyond the limit is drained, dropped and said to be cut (%s)',
  async (where) => {
    const { remote } = await host()
    const loud = script(
      `printf aaaaaaaa; printf bbbbbbbb >&2; head -c 9000000 /dev/zero | tr "\\0" x ${where}`,
    )
    const outcome = await remote.run(reads('shout', loud, { outputBytesMax: 5 }))
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'aaaaa', stderr: 'bbbbb', truncated: true })
  },
)

test('nothing is dialled before the first use, and one connection serves all', async () => {
  const { server, remote } = await host()
  expect(server.connections()).toBe(0)
  await Promise.all([remote.run(echo), remote.run(echo), remote.run(echo)])
  expect(server.connections()).toBe(1)
})

test('one command costs one exec, and login costs one more', async () => {
  const { server, remote } = await host({}, { sudo: false })
  await remote.run(echo)
  await remote.run(echo)
  expect(server.executed).toHaveLength(2)
})

test('commands in a waiting shell: words, stdin, exit code, both outputs, one after the other', async () => {
  const { server, remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const text = 'cat; printf "<%s>" "$@"; echo "$0" oops >&2; exit 7'
  const words = ["it's", 'two\nlines\n', '', '\\', '$HOME', '-n', '日本', '\n']
  const inputs = ['in\nput', '', '-n %s\n\n', new Secret('hidden\n'), undefined]
  // A script called evha runs in the launcher's own shell, another one in a shell of its own.
  for (const [me, stdin] of ['me', 'evha'].flatMap((name) => inputs.map((input) => [name, input] as const))) {
    const given = stdin === undefined ? {} : { stdin }
    const outcome = await remote.run(changes('try', ['sh', '-c', text, me, ...words], given))
    const fed = stdin instanceof Secret ? 'hidden\n' : (stdin ?? '')
    expect(outcome).toMatchObject({
      exitCode: 7,
      stdout: `${fed}${words.map((word) => `<${word}>`).join('')}`,
      stderr: `${me} oops\n`,
      truncated: false,
    })
  }
  expect(server.executed).toHaveLength(1)
})

test("a script in the launcher's shell: its own variables alone, its own rules, its own end", async () => {
  const { remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const run = (text: string) => remote.run(changes('try', ['sh', '-c', text, 'evha', 'word']))
  const unset = 'for name in a g u start rest script; do eval "echo \\"\\${$name-unset}\\""; done'
  expect(await run(unset)).toMatchObject({ exitCode: 0, stdout: 'unset\n'.repeat(6) })
  expect(await run('set -eu\nfalse\necho on')).toMatchObject({ exitCode: 1, stdout: '' })
  expect(await run('set -eu\n: "$nowhere"')).toMatchObject({ exitCode: 2, stdout: '' })
  expect(await run("trap 'echo bye' EXIT\nexit 4")).toMatchObject({ exitCode: 4, stdout: 'bye\n' })
  expect(await run('exec sh -c \'echo "$1"\' evha "$1"')).toMatchObject({ exitCode: 0, stdout: 'word\n' })
  expect((await run('if')).kind).toBe('finished')
  expect(await run('false')).toMatchObject({ exitCode: 1, stdout: '', stderr: '' })
})

test('output of a waiting shell is capped for each command, and the next one is whole again', async () => {
  const { server, remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const loud = script('head -c 3000000 /dev/zero | tr "\\0" x; head -c 3000000 /dev/zero | tr "\\0" y >&2')
  const outcome = await remote.run(reads('shout', loud, { outputBytesMax: 5 }))
  expect(outcome).toMatchObject({ exitCode: 0, stdout: 'xxxxx', stderr: 'yyyyy', truncated: true })
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n', stderr: '', truncated: false })
  expect(server.executed).toHaveLength(1)
})

test('two outputs at once, each more than the channel has room for, both come to their end', async () => {
  const { remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const both = script('head -c 6000000 /dev/zero & head -c 6000000 /dev/zero >&2; wait')
  for (let times = 0; times < 3; times++)
    expect(await remote.run(reads('shout', both, { outputBytesMax: 5 }))).toMatchObject({ exitCode: 0 })
})

test('what no shell variable holds, and what is long, goes the ordinary way', async () => {
  const { server, remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const bytes = Buffer.from([0, 1, 255, 10])
  const counted = await remote.run(changes('count', ['wc', '-c'], { stdin: bytes }))
  expect(counted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('4') })
  const long = 'x'.repeat(5_000)
  expect(await remote.run(reads('say', ['echo', long]))).toMatchObject({ stdout: `${long}\n` })
  expect(server.executed).toHaveLength(2)
})

test('a command in a waiting shell is killed with all it started, and the shell serves on', async () => {
  const { server, remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  const outcome = await remote.run(changes('linger', script('sleep 3578 & sleep 3578'), { timeoutMs: 300 }))
  expect(outcome).toMatchObject({
    kind: 'unknown',
    why: 'timeout',
    message: expect.stringContaining('nothing of it'),
  })
  expect(sleepers(3578)).toEqual([])
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n', exitCode: 0 })
  // The shell and the killer.
  expect(server.executed).toHaveLength(2)
})

test('a waiting shell becomes a command with streams: bytes of every value, both ways, and its exit code', async () => {
  const { server, remote } = await host({}, { sudo: false }, { shellsMax: 1 })
  await remote.run(echo)
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256))
  const running = await remote.stream(changes('pass on', script('cat; echo late >&2; exit 5')))
  const got: Buffer[] = []
  // Whoever listens late loses nothing.
  running.stdin.end(bytes)
  await sleep(100)
  running.stdout.on('data', (chunk: Buffer) => got.push(chunk))
  expect(await running.done).toMatchObject({ kind: 'finished', exitCode: 5, stderr: 'late\n' })
  expect(Buffer.concat(got).equals(bytes)).toBe(true)
  expect(server.executed).toHaveLength(1)
  // The shell is used up; the next command opens another one.
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(server.executed).toHaveLength(2)
})

test('a command that a waiting shell became is killed with all it started', async () => {
  const { remote } = await host({}, {}, { shellsMax: 1 })
  await remote.run(echo)
  const stop = new AbortController()
  const running = await remote.stream(changes('linger', script('sleep 3573 & sleep 3573')), stop.signal)
  running.stdout.resume()
  await expect.poll(() => sleepers(3573).length).toBe(2)
  stop.abort()
  expect(await running.done).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(sleepers(3573)).toEqual([])
})

test('waiting shells end with the connection, and a lost link takes them along', async () => {
  const { server, remote } = await host({}, {}, { shellsMax: 2 })
  await Promise.all([remote.run(echo), remote.run(echo), remote.run(echo)])
  expect(waitingShells()).toBe(2)
  // What runs when the link breaks runs on to its end; only then does its shell notice.
  const cut = remote.run(changes('linger', ['sleep', '2.25']))
  await expect.poll(() => sleepers(2.25).length).toBe(1)
  server.cut()
  expect(await cut).toMatchObject({ kind: 'unknown', why: 'linkLost' })
  await expect.poll(() => waitingShells(), { timeout: 10_000 }).toBe(0)
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(waitingShells()).toBe(1)
  await remote.close()
  await expect.poll(() => waitingShells()).toBe(0)
})

/** Shells that wait for commands, below the server in this process. */
function waitingShells(): number {
  const list = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'stat=,args='], { encoding: 'utf8' })
  const shells = list.split('\n').filter((line) => line.includes('sh -c launch=$1'))
  return shells.filter((line) => !line.startsWith('Z')).length
}

test('thirty commands at once get through beside waiting shells', async () => {
  const { server, remote } = await host({}, {}, { sessionsPerHostMax: 4, shellsMax: 2 })
  for (let round = 0; round < 3; round += 1) {
    const all = Array.from({ length: 30 }, (_, i) => remote.run(reads('count', ['echo', String(i)])))
    const said = (await Promise.all(all)).map((one) => one.kind === 'finished' && one.stdout.trim())
    expect(said).toEqual(Array.from({ length: 30 }, (_, i) => String(i)))
  }
  expect(server.sessionsAtOnce()).toBeLessThanOrEqual(4)
})

test('an unknown host key is refused before anything runs, with the line that makes it known', async () => {
  const { server, remote } = await host()
  writeFileSync(join(server.dir, 'known_hosts'), '')
  const failure = await remote.run(echo).catch((error: unknown) => error)
  const line = `${name(server)} ${server.hostKey('ed25519')}`
  expect(failure).toMatchObject({
    kind: 'hostKey',
    changedAnything: 'no',
    hint: expect.stringContaining(line),
  })
  expect(server.executed).toEqual([])
  writeFileSync(join(server.dir, 'known_hosts'), `${line}\n`)
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a changed host key is refused, naming the old line and how to remove it', async () => {
  const { server, remote } = await host()
  const other = await startServer()
  cleanups.push(() => other.stop())
  const file = join(server.dir, 'known_hosts')
  writeFileSync(file, `# old\n${name(server)} ${other.hostKey('ed25519')}\n`)
  const failure = await remote.run(echo).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining(`${file}:2`),
    hint: expect.stringContaining(`ssh-keygen -f '${file}' -R '${name(server)}'`),
  })
  expect(server.executed).toEqual([])
})

test('a revoked host key is refused', async () => {
  const { server, remote } = await host()
  const key = server.hostKey('ed25519')
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${key}\n@revoked * ${key}\n`)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('revoked'),
  })
})

test.each(['ed25519', 'ecdsa', 'rsa'] as const)('only the known %s key is asked for', async (kind) => {
  const { server, remote } = await host({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] })
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${server.hostKey(kind)}\n`)
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a host that no longer has a key of the known type is refused', async () => {
  const { server, remote } = await host()
  const other = await startServer({ hostKeys: ['rsa'] })
  cleanups.push(() => other.stop())
  writeFileSync(join(server.dir, 'known_hosts'), `${name(server)} ${other.hostKey('rsa')}\n`)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('ssh-rsa'),
  })
})

test('a port where nobody listens is unreachable; a silent one is, too', async () => {
  const { remote } = await host({}, { port: 1 })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'unreachable',
    changedAnything: 'no',
    retryable: true,
  })

  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const second = await host({}, { port }, { connectTimeoutMs: 200 })
  await expect(second.remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  silent.close()
})

test('a refused key is told with what was tried and how to mend it', async () => {
  const { server, target } = await host()
  const wrong = join(server.dir, 'wrong')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', wrong])
  const remote = openSsh({ ...target, identityFiles: [wrong, join(server.dir, 'nowhere')] })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/wrong.*nowhere \(cannot be read: ENOENT\)/),
    hint: expect.stringContaining('authorized_keys'),
  })
})

test('an encrypted key asks for ssh-agent by name', async () => {
  const { server, target } = await host()
  const locked = join(server.dir, 'locked')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', locked])
  const remote = openSsh({ ...target, identityFiles: [locked] })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining(`ssh-add ${locked}`),
  })
  expect(server.connections()).toBe(0)
})

test('the passphrase of an encrypted key is asked for, once for all hosts that need it, and only its own opens it', async () => {
  const { server, target } = await host()
  const locked = join(server.dir, 'user_key')
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a passphrase', '-f', locked])
  const tried: boolean[] = []
  const asked = openSsh({
    ...target,
    identityFiles: [locked],
    async passphraseOf(file, fits) {
      expect(file).toBe(locked)
      tried.push(fits(new Secret('wrong')), fits(new Secret('a passphrase')))
      return new Secret('a passphrase')
    },
  })
  expect(await asked.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(tried).toEqual([false, true])
  await asked.close()
  const unanswered = openSsh({
    ...target,
    identityFiles: [locked],
    passphraseOf: () => Promise.resolve(null),
  })
  await expect(unanswered.run(echo)).rejects.toMatchObject({ kind: 'refused' })
})

/** A real ssh-agent with the user's key in it; `end` kills it, at the latest with the test. */
function agentOf(server: TestServer): { socket: string; key: string; end: () => void } {
  const socket = join(server.dir, 'agent')
  const said = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' })
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1])
  let alive = true
  const end = (): void => {
    if (alive) process.kill(pid)
    alive = false
  }
  cleanups.push(async () => end())
  const key = join(server.dir, 'user_key')
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
  return { socket, key, end }
}

test('an agent beside IdentitiesOnly is asked only for a key that can not be used by itself', async () => {
  const { server, target } = await host()
  const { socket, key } = agentOf(server)
  const other = join(server.dir, 'other')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
  const only = openSsh({ ...target, identityFiles: [other], agent: socket, identitiesOnly: true })
  await expect(only.run(echo)).rejects.toMatchObject({ kind: 'refused' })
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a passphrase', '-f', key])
  const locked = openSsh({ ...target, identityFiles: [key], agent: socket, identitiesOnly: true })
  expect(await locked.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await locked.close()
})

test('logs in with a real ssh-agent; a dead one does not stand in the way of a key file', async () => {
  const { server, target } = await host()
  const { socket, end } = agentOf(server)
  const byAgent = openSsh({ ...target, identityFiles: [], agent: socket })
  expect(await byAgent.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await byAgent.close()
  end()

  const dead = join(server.dir, 'no-agent')
  const byFile = openSsh({ ...target, agent: dead })
  expect(await byFile.run(echo)).toMatchObject({ stdout: 'hello\n' })
  await byFile.close()
  const neither = openSsh({ ...target, identityFiles: [], agent: dead })
  await expect(neither.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('ssh-agent did not answer'),
  })
})

test('a lost link is an unknown outcome, and the next command connects again', async () => {
  const { server, remote } = await host()
  const running = remote.run(changes('wait', ['sleep', '3571']))
  while (sleepers(3571).length === 0) await sleep(20)
  server.cut()
  expect(await running).toMatchObject({
    kind: 'unknown',
    why: 'linkLost',
    message: expect.stringContaining('node-1'),
  })
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(server.connections()).toBe(2)
})

test('a host that falls silent is noticed by keepalive', async () => {
  // ssh2 gives up at the first probe beyond the count.
  expect(sshLimits.keepaliveIntervalMs * (sshLimits.keepaliveCountMax + 1)).toBeLessThan(5_000)
  const { server, remote } = await host({}, {}, { keepaliveIntervalMs: 50, keepaliveCountMax: 2 })
  await remote.run(echo)
  const running = remote.run(changes('wait', ['sleep', '3572'], { timeoutMs: 60_000 }))
  while (sleepers(3572).length === 0) await sleep(20)
  server.freeze()
  expect(await running).toMatchObject({ kind: 'unknown', why: 'linkLost' })
})

test('a command that outstays its time is killed with all its children', async () => {
  const { remote } = await host()
  const text = `trap '' TERM; sleep 3573 & sleep 3573; sleep 3573`
  const outcome = await remote.run(changes('linger', ['sh', '-c', text], { timeoutMs: 300 }))
  expect(outcome).toMatchObject({
    kind: 'unknown',
    why: 'timeout',
    message: expect.stringContaining('nothing of it'),
  })
  expect(sleepers(3573)).toEqual([])
})

test('an aborted command is killed; one that was aborted before is never started', async () => {
  const { server, remote } = await host()
  const stop = new AbortController()
  const running = remote.run(changes('linger', ['sleep', '3574']), stop.signal)
  while (sleepers(3574).length === 0) await sleep(20)
  stop.abort()
  expect(await running).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(sleepers(3574)).toEqual([])

  const before = server.executed.length
  expect(await remote.run(echo, stop.signal)).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(server.executed).toHaveLength(before)
})

test('a command that answers TERM with an exit code of its own is finished after all', async () => {
  const { remote } = await host()
  const text = `trap 'echo tidied; exit 3' TERM; echo up; while :; do sleep 0.05; done`
  const outcome = await remote.run(changes('tidy', ['sh', '-c', text], { timeoutMs: 400 }))
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 3, stdout: 'up\ntidied\n' })
})

test('a child that keeps the output open does not hide that the command ended', async () => {
  const { remote } = await host()
  const outcome = await remote.run(
    changes('leave a child', script('sleep 3575 & exit 4'), { timeoutMs: 500 }),
  )
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 4 })
  expect(sleepers(3575)).toEqual([])
})

test('thirty commands at once never open more sessions than allowed', async () => {
  const { server, remote } = await host({}, {}, { sessionsPerHostMax: 4 })
  const all = Array.from({ length: 30 }, (_, i) => remote.run(reads('count', ['echo', String(i)])))
  const outcomes = await Promise.all(all)
  expect(outcomes.map((one) => one.kind === 'finished' && one.stdout.trim())).toEqual(
    Array.from({ length: 30 }, (_, i) => String(i)),
  )
  expect(server.sessionsAtOnce()).toBeLessThanOrEqual(4)
})

test('a wait for a free session ends with the command time', async () => {
  const { remote } = await host({}, {}, { sessionsPerHostMax: 1 })
  const stop = new AbortController()
  const first = remote.run(changes('linger', ['sleep', '3576']), stop.signal)
  await expect.poll(() => sleepers(3576).length).toBe(1)
  const second = await remote.run({ ...echo, timeoutMs: 200 })
  expect(second).toMatchObject({
    kind: 'unknown',
    why: 'timeout',
    message: expect.stringContaining('not started'),
  })
  stop.abort()
  await first
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
})

test('a host that opens no session is refused by name of the setting', async () => {
  const { remote } = await host({ sessionsMax: 0 })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining('MaxSessions'),
  })
})

test('what the login shell says on stderr is passed on', async () => {
  const { remote } = await host({ noise: { stderr: 'welcome\n' } })
  expect(await remote.run(echo)).toMatchObject({ stdout: 'hello\n', stderr: 'welcome\n' })
})

test('a login shell that talks on stdout is refused: nothing it prints could be trusted', async () => {
  const { remote } = await host({ noise: { stdout: 'welcome\n' } }, withoutSudoAnswer)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('prints text before every command'),
  })
})

test('a login shell that runs nothing is refused', async () => {
  const { remote } = await host({ shell: '/bin/false' }, withoutSudoAnswer)
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    hint: expect.stringContaining('login shell'),
  })
})

test('a host that fell silent is asked once and then left alone for a while', async () => {
  let dials = 0
  const silent = createServer(() => {
    dials += 1
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const { remote } = await host({}, { port }, { connectTimeoutMs: 200, silentMs: 2_000 })
  for (let time = 0; time < 3; time += 1)
    await expect(remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  expect(dials).toBe(1)
  await sleep(2_100)
  await expect(remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  expect(dials).toBe(2)
  silent.close()
})

test('a login shell that never answers is not waited for', async () => {
  const shells = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  cleanups.push(async () => void execFileSync('rm', ['-r', shells]))
  writeFileSync(join(shells, 'stuck'), '#!/bin/sh\nexec sleep 3579\n', { mode: 0o755 })
  const { remote } = await host({ shell: join(shells, 'stuck') }, withoutSudoAnswer, {
    connectTimeoutMs: 400,
  })
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('does not answer'),
  })
})

test('a channel that is neither opened nor refused leaves the outcome unknown', async () => {
  const { remote } = await host({ deaf: true }, {}, { connectTimeoutMs: 400 })
  expect(await remote.run(echo)).toMatchObject({ kind: 'unknown', why: 'linkLost' })
})

/** Asks the host who the login is, as an operator's target does. */
const withoutSudoAnswer = { sudo: undefined } as unknown as Partial<SshTarget>

/** A host whose login is not root, and whose sudo does what `text` says. */
async function sudoHost(text: string): Promise<{ server: TestServer; remote: Remote }> {
  const shims = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  mkdirSync(shims, { recursive: true })
  writeFileSync(join(shims, 'id'), '#!/bin/sh\necho 1000\n')
  writeFileSync(join(shims, 'sudo'), `#!/bin/sh\n${text}\n`)
  for (const file of ['id', 'sudo']) chmodSync(join(shims, file), 0o755)
  const env = { PATH: `${shims}:${process.env['PATH']}` }
  cleanups.push(async () => void execFileSync('rm', ['-r', shims]))
  return host({ env }, { ...withoutSudoAnswer, user: 'deploy' })
}

test('a login that is not root goes through sudo, kill included', async () => {
  const { server, remote } = await sudoHost('shift 2; AS_ROOT=yes exec "$@"')
  expect(await remote.run(reads('who', script('echo "$AS_ROOT"')))).toMatchObject({ stdout: 'yes\n' })
  const outcome = await remote.run(changes('linger', ['sleep', '3577'], { timeoutMs: 300 }))
  expect(outcome).toMatchObject({ kind: 'unknown', why: 'timeout' })
  expect(sleepers(3577)).toEqual([])
  expect(server.executed.slice(1).every((text) => text.startsWith('exec sudo -n -- '))).toBe(true)
})

test('a sudo that asks for a password is refused with the line for sudoers', async () => {
  const { remote } = await sudoHost('echo "sudo: a password is required" >&2; exit 1')
  await expect(remote.run(echo)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('a password is required'),
    hint: expect.stringContaining('deploy ALL=(root) NOPASSWD: ALL'),
  })
  await expect(remote.stream(echo)).rejects.toMatchObject({ kind: 'refused' })
})

test('an exit code 1 of the command itself is not mistaken for a refusing sudo', async () => {
  const { remote } = await sudoHost('shift 2; exec "$@"')
  expect(await remote.run(reads('fail', ['false']))).toMatchObject({ kind: 'finished', exitCode: 1 })
})

test('sends a file: mode, content, nothing left beside it', async () => {
  const { server, remote } = await host()
  const path = join(server.dir, 'a b', "it's")
  mkdirSync(join(server.dir, 'a b'))
  writeFileSync(path, 'old')
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256))
  expect(await remote.send({ content, mode: 0o640 }, path)).toMatchObject({ kind: 'finished', exitCode: 0 })
  expect(readFileSync(path).equals(content)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(execFileSync('ls', ['-A', join(server.dir, 'a b')], { encoding: 'utf8' })).toBe("it's\n")
})

test('a file whose bytes were changed on the way is never laid', async () => {
  const { server, remote } = await host({ env: {} })
  const path = join(server.dir, 'laid')
  const shims = join(server.dir, 'shims')
  mkdirSync(shims)
  writeFileSync(join(shims, 'cat'), '#!/bin/sh\nexec tr a b\n', { mode: 0o755 })
  const bent = await host({ env: { PATH: `${shims}:${process.env['PATH']}` } })
  const outcome = await bent.remote.send({ content: 'a secret plan', mode: 0o600 }, path)
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 65, stderr: expect.stringContaining('sha256') })
  expect(existsSync(path)).toBe(false)
  expect(await remote.send({ content: '', mode: 0o600 }, path)).toMatchObject({ exitCode: 0 })
  expect(readFileSync(path, 'utf8')).toBe('')
})

test('a directory in the place of a file is not filled but refused', async () => {
  const { server, remote } = await host()
  mkdirSync(join(server.dir, 'taken'))
  const outcome = await remote.send({ content: 'x', mode: 0o600 }, join(server.dir, 'taken'))
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 1 })
  expect(execFileSync('ls', ['-A', join(server.dir, 'taken')], { encoding: 'utf8' })).toBe('')
})

test('a tunnel carries bytes both ways; one to a closed port fails', async () => {
  const { remote } = await host()
  const upper = createServer((socket) =>
    socket.on('data', (bytes) => socket.end(bytes.toString().toUpperCase())),
  )
  await new Promise<void>((resolve) => upper.listen(0, '127.0.0.1', resolve))
  const address = upper.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const tunnel = await remote.tunnel({ host: '127.0.0.1', port })
  tunnel.write('hello')
  let answer = ''
  for await (const bytes of tunnel) answer += String(bytes)
  expect(answer).toBe('HELLO')
  upper.close()
  await expect(remote.tunnel({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({ kind: 'failed' })
})

test('hops over another host, and checks the keys of both', async () => {
  const jump = await host()
  const through = jump.target
  const last = await host({}, { name: 'node-2', through })
  expect(await last.remote.run(echo)).toMatchObject({ stdout: 'hello\n' })
  expect(jump.server.connections()).toBe(1)
  await last.remote.close()

  writeFileSync(join(jump.server.dir, 'known_hosts'), '')
  const again = openSsh(last.target)
  await expect(again.run(echo)).rejects.toMatchObject({
    kind: 'hostKey',
    message: expect.stringContaining('node-1'),
  })
})

test('a closed door stays closed', async () => {
  const { remote } = await host()
  await remote.run(echo)
  await remote.close()
  await expect(remote.run(echo)).rejects.toMatchObject({ kind: 'unreachable' })
  await remote.close()
})

test('a command longer than a host takes is refused here', async () => {
  const { server, remote } = await host()
  await expect(remote.run(reads('talk', ['echo', 'x'.repeat(24_000)]))).rejects.toMatchObject({
    kind: 'usage',
  })
  expect(server.connections()).toBe(0)
  const most = await remote.run(reads('talk', ['echo', 'x'.repeat(23_900)]))
  expect(most).toMatchObject({ kind: 'finished', exitCode: 0, stdout: `${'x'.repeat(23_900)}\n` })
})

import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { Secret } from '../../src/base/secret.ts'
import { echo, host, sleepers } from './ssh-host.ts'

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

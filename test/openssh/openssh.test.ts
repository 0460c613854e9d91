import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, connect as dialTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { attach, killDetached, startDetached } from '../../src/remote/detached.ts'
import { relay } from '../../src/remote/relay.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { makeKey, noSshd, type OpenSsh, startOpenSsh } from './openssh.ts'

/** What only a real sshd shows: its session limit, its refusal of signals, its own process groups. */
describe.skipIf(noSshd !== undefined)(`a real sshd${noSshd === undefined ? '' : ` (${noSshd})`}`, () => {
  let sshd: OpenSsh
  let remote: Remote

  beforeAll(async () => {
    sshd = await startOpenSsh()
    remote = openSsh(sshd.target)
  })
  afterAll(async () => {
    await remote.close()
    await sshd.stop()
  })

  function sleepers(seconds: number): string[] {
    const list = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' }).split('\n')
    return list.filter((line) => !line.startsWith('Z') && line.trim().endsWith(` sleep ${seconds}`))
  }

  test('fourteen commands at once, although sshd allows ten sessions', async () => {
    const all = Array.from({ length: 14 }, (_, i) =>
      remote.run(reads('count', script('sleep 0.2; echo "$1"', String(i)))),
    )
    const outcomes = await Promise.all(all)
    expect(outcomes.map((one) => one.kind === 'finished' && one.stdout.trim())).toEqual(
      Array.from({ length: 14 }, (_, i) => String(i)),
    )
  })

  test('eight hanging commands at once are all killed: there is room for the killers', async () => {
    const all = Array.from({ length: 8 }, () =>
      remote.run(changes('hang', script('sleep 3901 & sleep 3901'), { timeoutMs: 500 })),
    )
    const outcomes = await Promise.all(all)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        kind: 'unknown',
        why: 'timeout',
        message: expect.stringContaining('nothing of it'),
      })
    }
    expect(sleepers(3901)).toEqual([])
    expect(await remote.run(reads('still there', ['echo', 'yes']))).toMatchObject({ stdout: 'yes\n' })
  })

  test('a host whose sessions are all taken by hanging commands is cleared over a fresh connection', async () => {
    const tight = await startOpenSsh(['MaxSessions 8'])
    const door = openSsh(tight.target)
    const hang = changes('hang', ['sleep', '3905'], { timeoutMs: 500 })
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => door.run(hang)))
    expect(outcomes.every((one) => one.kind === 'unknown' && one.message.includes('nothing of it'))).toBe(
      true,
    )
    expect(sleepers(3905)).toEqual([])
    await door.close()
    await tight.stop()
  })

  test('what ignores TERM is killed by its group, children included', async () => {
    const text = `trap '' TERM; sleep 3902 & sleep 3902; sleep 3902`
    const outcome = await remote.run(changes('linger', ['sh', '-c', text], { timeoutMs: 300 }))
    expect(outcome).toMatchObject({
      kind: 'unknown',
      why: 'timeout',
      message: expect.stringContaining('nothing of it'),
    })
    expect(sleepers(3902)).toEqual([])
  })

  test('a session limit below ours is told by its name', async () => {
    const tight = await startOpenSsh(['MaxSessions 0'])
    const door = openSsh({ ...tight.target, sudo: false })
    await expect(door.run(reads('try', ['true']))).rejects.toMatchObject({
      kind: 'refused',
      hint: expect.stringContaining('MaxSessions'),
    })
    await door.close()
    await tight.stop()
  })

  test('signals and exit codes arrive', async () => {
    expect(await remote.run(reads('fail', script('exit 42')))).toMatchObject({ exitCode: 42 })
    const died = await remote.run(reads('die', script('kill -KILL $$')))
    // In a shell that waited for it the end is that shell's code for it, else sshd tells the signal itself.
    const { exitCode, signal } = died as { exitCode?: unknown; signal?: unknown }
    expect([137, 'SIGKILL']).toContain(exitCode ?? signal)
  })

  test('a changed host key is refused, with the way to remove the old one', async () => {
    const other = makeKey(join(sshd.dir, 'other_key'))
    const wrong = join(sshd.dir, 'wrong_known_hosts')
    const key = readFileSync(`${other}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    writeFileSync(wrong, `[127.0.0.1]:${sshd.target.port} ${key}\n`)
    const door = openSsh({ ...sshd.target, knownHostsFiles: [wrong] })
    await expect(door.run(reads('try', ['true']))).rejects.toMatchObject({
      kind: 'hostKey',
      message: expect.stringContaining(`${wrong}:1`),
      hint: expect.stringContaining('ssh-keygen -f'),
    })
  })

  test('a hashed known_hosts is as good as a plain one', async () => {
    const hashed = join(sshd.dir, 'hashed')
    execFileSync('cp', [join(sshd.dir, 'known_hosts'), hashed])
    execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
    const door = openSsh({ ...sshd.target, knownHostsFiles: [hashed] })
    expect(await door.run(reads('say', ['echo', 'hi']))).toMatchObject({ stdout: 'hi\n' })
    await door.close()
  })

  test('a refused login is told as one', async () => {
    const stranger = makeKey(join(sshd.dir, 'stranger'))
    const door = openSsh({ ...sshd.target, identityFiles: [stranger] })
    await expect(door.run(reads('try', ['true']))).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(stranger),
    })
  })

  test('a host that hangs up after too many keys refuses the login; it is not unreachable', async () => {
    const tight = await startOpenSsh(['MaxAuthTries 1'])
    const keys = ['one', 'two', 'three'].map((key) => makeKey(join(tight.dir, key)))
    const door = openSsh({ ...tight.target, identityFiles: keys })
    await expect(door.run(reads('try', ['true']))).rejects.toMatchObject({ kind: 'refused' })
    await tight.stop()
  })

  test('a black hole is noticed, and the next command finds the host again', async () => {
    const proxy = await blackHole(sshd.target.port)
    const known = join(sshd.dir, 'proxy_known_hosts')
    const key = readFileSync(`${sshd.hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    writeFileSync(known, `[127.0.0.1]:${proxy.port} ${key}\n`)
    const door = openSsh(
      { ...sshd.target, port: proxy.port, knownHostsFiles: [known] },
      { keepaliveIntervalMs: 200, keepaliveCountMax: 2 },
    )
    const running = door.run(changes('hang', ['sleep', '3903'], { timeoutMs: 60_000 }))
    while (sleepers(3903).length === 0) await sleep(20)
    proxy.swallow()
    expect(await running).toMatchObject({ kind: 'unknown', why: 'linkLost' })
    expect(await door.run(reads('again', ['echo', 'back']))).toMatchObject({ stdout: 'back\n' })
    await door.close()
    await proxy.close()
    const [pid] = execFileSync('pgrep', ['-x', '-f', 'sleep 3903'], { encoding: 'utf8' }).split('\n')
    process.kill(Number(pid))
  })

  test.each([0, 5_000_000])('a file of %i bytes is laid whole', async (size) => {
    const content = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) % 256))
    const path = join(sshd.dir, `sent-${size}`)
    expect(await remote.send({ content, mode: 0o640 }, path)).toMatchObject({ exitCode: 0 })
    expect(readFileSync(path).equals(content)).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  test('bytes of every value go there and back', async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 256))
    const running = await remote.stream(changes('round trip', ['cat'], { stdin: bytes }))
    const back: Buffer[] = []
    for await (const chunk of running.stdout) back.push(Buffer.from(chunk))
    expect(Buffer.concat(back).equals(bytes)).toBe(true)
    expect(await running.done).toMatchObject({ exitCode: 0 })
  })

  test('output beyond the limit is drained and dropped', async () => {
    const loud = script('head -c 9000000 /dev/zero | tr "\\0" x; head -c 9000000 /dev/zero | tr "\\0" y >&2')
    expect(await remote.run(reads('shout', loud, { outputBytesMax: 4 }))).toMatchObject({
      exitCode: 0,
      stdout: 'xxxx',
      stderr: 'yyyy',
      truncated: true,
    })
  })

  test('a relay between two connections carries every byte', async () => {
    const second = openSsh({ ...sshd.target, name: 'node-2' })
    const size = 20_000_000
    const digest = createHash('sha256').update(Buffer.alloc(size)).digest('hex')
    const result = await relay(
      { remote, command: reads('zeros', ['head', '-c', String(size), '/dev/zero']) },
      [{ remote: second, command: changes('digest', ['sha256sum']) }],
    )
    expect(result).toMatchObject({ bytes: size, to: [{ exitCode: 0, stdout: `${digest}  -\n` }] })
    await second.close()
  })

  test('a detached job outlives its connection and is killed whole', async () => {
    const dir = join(sshd.dir, 'job')
    const first = openSsh(sshd.target)
    await startDetached(first, { dir, argv: ['sh', '-c', 'sleep 1; echo done'], says: 'outlive' })
    await first.close()
    expect(await attach(remote, dir)).toMatchObject({ exitCode: 0, stdout: 'done\n' })
    const long = join(sshd.dir, 'long')
    await startDetached(remote, { dir: long, argv: ['sh', '-c', 'sleep 3904 & sleep 3904'], says: 'linger' })
    expect(await killDetached(remote, long)).toMatchObject({ exitCode: 0 })
    expect(sleepers(3904)).toEqual([])
  })

  test('hops over another sshd', async () => {
    const last = await startOpenSsh()
    const door = openSsh({ ...last.target, name: 'node-2', through: sshd.target })
    expect(await door.run(reads('say', ['echo', 'hi']))).toMatchObject({ stdout: 'hi\n' })
    await door.close()
    await last.stop()
  })
})

/** A TCP proxy that can swallow what is in its pipes, as a cut cable does: no reset, no answer. */
async function blackHole(port: number): Promise<{ port: number; swallow(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = dialTcp(port, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) {
      socket.on('error', () => {})
      sockets.add(socket)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    swallow() {
      for (const socket of sockets) {
        socket.unpipe()
        socket.resume()
      }
      sockets.clear()
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await sleep(0)
    },
  }
}

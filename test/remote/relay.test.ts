import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { relay } from '../../src/remote/relay.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { startServer, type TestServer } from './ssh-server.ts'

let servers: TestServer[]
let remotes: Remote[]

beforeAll(async () => {
  servers = await Promise.all([startServer(), startServer(), startServer()])
  remotes = servers.map((server) => {
    const line = `[127.0.0.1]:${server.target.port} ${server.hostKey('ed25519')}\n`
    writeFileSync(join(server.dir, 'known_hosts'), line)
    return openSsh(server.target)
  })
})
afterAll(async () => {
  await Promise.all(remotes.map((remote) => remote.close()))
  await Promise.all(servers.map((server) => server.stop()))
})

function at(index: number): { server: TestServer; remote: Remote } {
  const [server, remote] = [servers[index], remotes[index]]
  if (server === undefined || remote === undefined) throw new Error('no such host')
  return { server, remote }
}

/** Lays what arrives under its name only when all of it arrived, as a copy of a store would. */
const keep = (path: string) => changes('keep', script('cat >"$1.part"; mv "$1.part" "$1"', path))

test('the same bytes arrive at several hosts, binary and all', async () => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31) % 256))
  const source = join(at(0).server.dir, 'source')
  writeFileSync(source, bytes)
  const paths = [1, 2].map((i) => join(at(i).server.dir, 'copy'))
  const seen: number[] = []
  const result = await relay(
    { remote: at(0).remote, command: reads('read', ['cat', source]) },
    [1, 2].map((i) => ({ remote: at(i).remote, command: keep(paths[i - 1] ?? '') })),
    undefined,
    { onBytes: (sofar) => seen.push(sofar) },
  )
  expect(result.bytes).toBe(bytes.length)
  expect(seen.at(-1)).toBe(bytes.length)
  expect(result.from).toMatchObject({ kind: 'finished', exitCode: 0 })
  expect(result.to).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }])
  for (const path of paths) expect(readFileSync(path).equals(bytes)).toBe(true)
})

test('an empty stream is a stream, too', async () => {
  const path = join(at(1).server.dir, 'empty')
  const result = await relay({ remote: at(0).remote, command: reads('nothing', ['true']) }, [
    { remote: at(1).remote, command: keep(path) },
  ])
  expect(result).toMatchObject({ bytes: 0, to: [{ exitCode: 0 }] })
  expect(statSync(path).size).toBe(0)
})

test('a destination that dies is left behind, and the others get everything', async () => {
  const size = 8_000_000
  const command = reads('zeros', ['head', '-c', String(size), '/dev/zero'])
  const digest = createHash('sha256').update(Buffer.alloc(size)).digest('hex')
  const result = await relay({ remote: at(0).remote, command }, [
    { remote: at(1).remote, command: changes('die', script('head -c 1000 >/dev/null; exit 9')) },
    { remote: at(2).remote, command: changes('digest', ['sha256sum']) },
  ])
  expect(result.bytes).toBe(size)
  expect(result.to).toMatchObject([{ exitCode: 9 }, { exitCode: 0, stdout: `${digest}  -\n` }])
})

test('a destination that hangs is killed by its own time limit, and the others get everything', async () => {
  const command = reads('zeros', ['head', '-c', '8000000', '/dev/zero'])
  const result = await relay({ remote: at(0).remote, command }, [
    { remote: at(1).remote, command: changes('hang', ['sleep', '3701'], { timeoutMs: 400 }) },
    { remote: at(2).remote, command: changes('count', ['wc', '-c']) },
  ])
  expect(result.to).toMatchObject([
    { kind: 'unknown', why: 'timeout' },
    { exitCode: 0, stdout: '8000000\n' },
  ])
})

test.each([
  ['fails', 'head -c 5000000 /dev/zero; exit 3', 'finished'],
  ['is killed', 'head -c 5000000 /dev/zero; kill -KILL $$', 'finished'],
])('a source that %s leaves no copy that looks whole', async (_how, text, kind) => {
  const path = join(at(1).server.dir, `half-${text.length}`)
  const result = await relay({ remote: at(0).remote, command: reads('half', script(text)) }, [
    { remote: at(1).remote, command: keep(path) },
  ])
  expect(result.from.kind).toBe(kind)
  expect(result.from).not.toMatchObject({ exitCode: 0 })
  expect(result.to).toMatchObject([{ kind: 'unknown', why: 'aborted' }])
  expect(existsSync(path)).toBe(false)
})

test('a lost link of the source leaves no copy that looks whole', async () => {
  const path = join(at(1).server.dir, 'lost')
  const endless = reads('endless', ['cat', '/dev/zero'])
  let bytes = 0
  const running = relay(
    { remote: at(0).remote, command: endless },
    [{ remote: at(1).remote, command: keep(path) }],
    undefined,
    {
      onBytes: (sofar) => {
        bytes = sofar
      },
    },
  )
  while (bytes < 1_000_000) await sleep(10)
  at(0).server.cut()
  const result = await running
  expect(result.from).toMatchObject({ kind: 'unknown', why: 'linkLost' })
  expect(result.to).toMatchObject([{ kind: 'unknown', why: 'aborted' }])
  expect(existsSync(path)).toBe(false)
})

test('an abort stops both ends', async () => {
  const stop = new AbortController()
  const path = join(at(1).server.dir, 'aborted')
  const result = await relay(
    { remote: at(0).remote, command: reads('endless', ['cat', '/dev/zero']) },
    [{ remote: at(1).remote, command: keep(path) }],
    stop.signal,
    {
      onBytes: (bytes) => {
        if (bytes > 1_000_000) stop.abort()
      },
    },
  )
  expect(result.from).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(result.to).toMatchObject([{ kind: 'unknown', why: 'aborted' }])
  expect(existsSync(path)).toBe(false)
})

test('when every destination is gone the source is stopped', async () => {
  const result = await relay({ remote: at(0).remote, command: reads('endless', ['cat', '/dev/zero']) }, [
    { remote: at(1).remote, command: changes('die', ['false']) },
    { remote: at(2).remote, command: changes('die', ['false']) },
  ])
  expect(result.from.kind).toBe('unknown')
  expect(result.to).toMatchObject([{ exitCode: 1 }, { exitCode: 1 }])
})

test('a destination that cannot be reached is told, and the others get everything', async () => {
  const nobody = openSsh({ ...at(1).server.target, name: 'node-9', port: 1 })
  const result = await relay({ remote: at(0).remote, command: reads('say', ['echo', 'hi']) }, [
    { remote: nobody, command: changes('count', ['wc', '-c']) },
    { remote: at(2).remote, command: changes('count', ['wc', '-c']) },
  ])
  expect(result.to).toMatchObject([
    { kind: 'notStarted', failure: { kind: 'unreachable' } },
    { exitCode: 0, stdout: '3\n' },
  ])
})

test('a slow destination holds the source back instead of filling our memory', async () => {
  let most = 0
  const slow = script('sleep 1; cat >/dev/null')
  const before = process.memoryUsage().rss
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before)
  }, 20)
  const result = await relay(
    {
      remote: at(0).remote,
      command: reads('much', ['head', '-c', '400000000', '/dev/zero'], { timeoutMs: 120_000 }),
    },
    [{ remote: at(1).remote, command: changes('slow', slow, { timeoutMs: 120_000 }) }],
  )
  clearInterval(watch)
  expect(result).toMatchObject({ bytes: 400_000_000, to: [{ exitCode: 0 }] })
  expect(most).toBeLessThan(300_000_000)
})

test('a bandwidth limit holds, and everything arrives', async () => {
  const path = join(at(1).server.dir, 'limited')
  const startedMs = performance.now()
  const result = await relay(
    { remote: at(0).remote, command: reads('some', ['head', '-c', '1000000', '/dev/zero']) },
    [{ remote: at(1).remote, command: keep(path) }],
    undefined,
    { bytesPerSecondMax: 1_000_000 },
  )
  expect(result.bytes).toBe(1_000_000)
  expect(readFileSync(path)).toHaveLength(1_000_000)
  // Unlimited it takes some milliseconds.
  expect(performance.now() - startedMs).toBeGreaterThan(900)
})

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { attach, killDetached, startDetached, statusOfDetached } from '../../src/remote/detached.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { startServer, type TestServer } from './ssh-server.ts'

let server: TestServer
let remote: Remote
let dir: string
let count = 0

beforeAll(async () => {
  server = await startServer()
  const line = `[127.0.0.1]:${server.target.port} ${server.hostKey('ed25519')}\n`
  writeFileSync(join(server.dir, 'known_hosts'), line)
  remote = openSsh(server.target)
})
afterAll(async () => {
  await remote.close()
  await server.stop()
})
beforeEach(() => {
  count += 1
  dir = join(server.dir, `it's job ${count}`)
})

const job = (text: string, ...args: string[]) => ({
  dir,
  argv: ['sh', '-c', text, 'x', ...args] as [string, ...string[]],
  says: 'a test job',
})

/** Live processes of a group; those that only wait to be reaped do not count. */
function members(group: number): string[] {
  const list = execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.map((line) => line.trim()).filter((line) => new RegExp(`^${group} +[^Z ]`).test(line))
}

async function groupOf(text: string): Promise<number> {
  const status = await startDetached(remote, job(text))
  if (status.kind !== 'running') throw new Error(status.kind)
  return status.group
}

test('a job gets its words, and its end is told with code and output', async () => {
  const started = await startDetached(
    remote,
    job('sleep 0.3; printf "<%s>" "$@"; echo é >&2; exit 7', "it's", ''),
  )
  expect(started).toMatchObject({ kind: 'running' })
  expect(await attach(remote, dir)).toMatchObject({
    kind: 'finished',
    exitCode: 7,
    stdout: "<it's><>",
    stderr: 'é\n',
    truncated: false,
  })
})

test('a job runs once, however often it is started', async () => {
  const text = 'echo ran >>"$1"; sleep 0.5'
  const log = join(server.dir, `ran-${count}`)
  const all = await Promise.all(Array.from({ length: 5 }, () => startDetached(remote, job(text, log))))
  expect(new Set(all.map((status) => JSON.stringify(status))).size).toBe(1)
  expect(all[0]).toMatchObject({ kind: 'running' })
  await attach(remote, dir)
  expect(await startDetached(remote, job(text, log))).toMatchObject({ kind: 'ended', exitCode: 0 })
  expect(readFileSync(log, 'utf8')).toBe('ran\n')
})

test('another command in the same directory is refused', async () => {
  await startDetached(remote, job('exit 0'))
  await expect(startDetached(remote, job('exit 1'))).rejects.toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('another command'),
  })
})

test('a job outlives the link, and attaching finds it again', async () => {
  await startDetached(remote, job('sleep 1; echo survived'))
  const waiting = attach(remote, dir)
  await sleep(200)
  server.cut()
  expect(await waiting).toMatchObject({ kind: 'finished', exitCode: 0, stdout: 'survived\n' })
})

test('waiting ends with its time or by a signal; the job goes on', async () => {
  const group = await groupOf('sleep 3601')
  expect(await attach(remote, dir, { timeoutMs: 300 })).toMatchObject({ kind: 'unknown', why: 'timeout' })
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  expect(await attach(remote, dir, {}, stop.signal)).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(members(group)).not.toEqual([])
  await killDetached(remote, dir)
})

test('killing leaves nothing of the group, not even what ignores TERM', async () => {
  const group = await groupOf(`trap '' TERM; sleep 3602 & sleep 3602; sleep 3602`)
  expect(members(group).length).toBeGreaterThan(1)
  expect(await killDetached(remote, dir)).toMatchObject({ kind: 'finished', exitCode: 0 })
  expect(members(group)).toEqual([])
  expect(await statusOfDetached(remote, dir)).toMatchObject({ kind: 'ended', exitCode: null })
  expect(await killDetached(remote, dir)).toMatchObject({ kind: 'finished', exitCode: 0 })
})

test('what was killed before it started can never start', async () => {
  expect(await statusOfDetached(remote, dir)).toEqual({ kind: 'none' })
  expect(await killDetached(remote, dir)).toMatchObject({ kind: 'finished', exitCode: 0 })
  const mark = join(server.dir, `mark-${count}`)
  expect(await startDetached(remote, job('touch "$1"', mark))).toMatchObject({
    kind: 'ended',
    exitCode: null,
  })
  expect(existsSync(mark)).toBe(false)
})

test('a finished job keeps its exit code when it is killed later, and its stray children die', async () => {
  const group = await groupOf('sleep 3603 & sleep 0.2; exit 5')
  expect(await attach(remote, dir)).toMatchObject({ exitCode: 5 })
  expect(members(group)).not.toEqual([])
  expect(await killDetached(remote, dir)).toMatchObject({ exitCode: 0 })
  expect(members(group)).toEqual([])
  expect(await statusOfDetached(remote, dir)).toMatchObject({ kind: 'ended', exitCode: 5 })
})

test('a job that somebody else killed is lost, not running and not done', async () => {
  const group = await groupOf('sleep 3604')
  process.kill(-group, 'SIGKILL')
  expect(await attach(remote, dir)).toMatchObject({
    kind: 'finished',
    exitCode: null,
    stderr: expect.stringContaining('without an exit code'),
  })
  expect(await statusOfDetached(remote, dir)).toEqual({ kind: 'lost' })
  expect(await startDetached(remote, job('sleep 3604'))).toEqual({ kind: 'lost' })
})

test.each([
  ['start', (start: string, boot: string) => `${Number(start) + 1} ${boot}`],
  ['boot', (start: string) => `${start} 00000000-0000-0000-0000-000000000000`],
])('a foreign process that got the number of ours is never touched (other %s)', async (_what, bend) => {
  const foreign = spawn('sleep', ['3605'], { detached: true, stdio: 'ignore' })
  const { pid } = foreign
  if (pid === undefined) throw new Error('not started')
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  mkdirSync(dir)
  writeFileSync(join(dir, 'job'), `${pid} ${bend(start, boot)}\n`)

  expect(await statusOfDetached(remote, dir)).toEqual({ kind: 'lost' })
  expect(await killDetached(remote, dir)).toMatchObject({ exitCode: 0 })
  expect(members(pid)).not.toEqual([])
  process.kill(pid, 'SIGKILL')
})

test('the output is told up to the limit and said to be cut; the files keep it all', async () => {
  await startDetached(remote, job('printf 0123456789; printf abc >&2'))
  const outcome = await attach(remote, dir, { outputBytesMax: 4 })
  expect(outcome).toMatchObject({
    kind: 'finished',
    exitCode: 0,
    stdout: '0123',
    stderr: 'abc',
    truncated: true,
  })
  expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('0123456789')
})

test('attaching where nothing was started is a failure, not a wait', async () => {
  await expect(attach(remote, dir)).rejects.toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('no job'),
  })
})

import { expect, test } from 'vitest'
import { changes } from '../../src/base/command.ts'
import { EvhaError } from '../../src/base/errors.ts'
import type { Outcome, Remote } from '../../src/remote/remote.ts'
import { realClock } from '../../src/run/clock.ts'
import { Heartbeat } from '../../src/run/heartbeat.ts'

const everyMs = 20
const command = changes('beat', ['true'])
const pause = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms))

const ended = (stdout: string): Outcome => ({
  kind: 'finished',
  exitCode: 0,
  stdout,
  stderr: '',
  truncated: false,
  durationMs: 1,
})

function fake(name: string, run: (signal?: AbortSignal) => Promise<Outcome>): Remote {
  return { name, run: (_command, signal) => run(signal) } as Partial<Remote> as Remote
}

function beating(remotes: readonly Remote[]) {
  const heard: string[] = []
  const silent: (readonly [string, boolean])[] = []
  const heartbeat = new Heartbeat(
    remotes.map((remote) => ({ remote, command })),
    {
      clock: realClock,
      everyMs,
      heard: (host, answer) => void heard.push(`${host} ${answer}`),
      silent: (host, ms) => void silent.push([host, ms !== null]),
    },
  )
  return { heartbeat, heard, silent }
}

test('each host hears again and again, until it is stopped', async () => {
  const { heartbeat, heard } = beating([
    fake('a', async () => ended('ok\n')),
    fake('b', async () => ended('gone\nmore')),
  ])
  await expect.poll(() => heard.filter((one) => one === 'a ok').length).toBeGreaterThan(3)
  expect(heard).toContain('b gone')
  await heartbeat.stop()
  const after = heard.length
  await pause(5 * everyMs)
  expect(heard).toHaveLength(after)
})

test('a host that does not answer is told once, and once more when it does; the others go on', async () => {
  let reached = false
  const lost = new EvhaError({
    kind: 'unreachable',
    message: 'no',
    changedAnything: 'no',
    retryable: true,
    hint: '',
  })
  const { heartbeat, heard, silent } = beating([
    fake('a', async () => ended('ok\n')),
    fake('b', async () => {
      if (!reached) throw lost
      return ended('ok\n')
    }),
  ])
  await expect.poll(() => silent).toEqual([['b', true]])
  await pause(5 * everyMs)
  expect(silent).toHaveLength(1)
  reached = true
  await expect
    .poll(() => silent)
    .toEqual([
      ['b', true],
      ['b', false],
    ])
  expect(heard.filter((one) => one === 'a ok').length).toBeGreaterThan(5)
  await heartbeat.stop()
})

test('one beat at a time: a host that is slow gets no second one before it has answered the first', async () => {
  let [under, most] = [0, 0]
  const { heartbeat } = beating([
    fake('a', async () => {
      under += 1
      most = Math.max(most, under)
      await pause(4 * everyMs)
      under -= 1
      return ended('ok\n')
    }),
  ])
  await pause(15 * everyMs)
  await heartbeat.stop()
  expect([under, most]).toEqual([0, 1])
})

test('a stop cuts off a beat that does not end', async () => {
  const { heartbeat } = beating([
    fake(
      'a',
      (signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(ended('late\n')))),
    ),
  ])
  await pause(everyMs)
  await heartbeat.stop()
})

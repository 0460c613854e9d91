import { expect, test } from 'vitest'
import { type Command, changes, reads } from '../../src/base/command.ts'
import { EvhaError } from '../../src/base/errors.ts'
import { Secret } from '../../src/base/secret.ts'
import { type AuditEntry, audited } from '../../src/remote/audit.ts'
import { printing } from '../../src/remote/printing.ts'
import { type Answer, recording } from '../../src/remote/recording.ts'
import { renderRedacted } from '../../src/remote/render.ts'
import { retrying } from '../../src/remote/retry.ts'

const look = reads('look', ['id', '-u'])
const stop = changes('stop the node', ['systemctl', 'stop', 'ev-node'])
const secret = 'hunter2'
const linkLost: Answer = { kind: 'unknown', why: 'linkLost', message: 'gone', durationMs: 1 }
const unreachable = new EvhaError({
  kind: 'unreachable',
  message: 'node-1 cannot be reached',
  changedAnything: 'no',
  retryable: true,
  hint: 'wait',
})
const quick = { attemptsMax: 3, pauseMs: 1 }

test('every command is noted with its end, and neither stdin nor output is', async () => {
  const entries: AuditEntry[] = []
  const host = recording('node-1', () => ({ stdout: secret, stderr: secret, exitCode: 3 }))
  const remote = audited(host, (entry) => entries.push(entry))
  const lay = changes('lay the key', ['tee', '/etc/key'], { stdin: new Secret(secret) })
  expect(await remote.run(lay)).toMatchObject({ exitCode: 3, stdout: secret })
  await remote.send({ content: new Secret(secret), mode: 0o600 }, '/etc/key')
  const running = await remote.stream(stop)
  running.stdin.end()
  await running.done
  expect(entries).toMatchObject([
    {
      host: 'node-1',
      says: 'lay the key',
      text: 'tee /etc/key  # stdin: [redacted]',
      mutates: true,
      exit: 3,
    },
    { says: expect.stringContaining('/etc/key'), exit: 0 },
    { says: 'stop the node', text: 'systemctl stop ev-node', exit: 3 },
  ])
  expect(JSON.stringify(entries)).not.toContain(secret)
})

test('what is repeated often is noted once, and each time it does not end well', async () => {
  const entries: AuditEntry[] = []
  const answers: Answer[] = [{ stdout: 'ok' }, { stdout: 'ok' }, { exitCode: 1 }, linkLost, { stdout: 'ok' }]
  const remote = audited(
    recording('node-1', () => answers.shift() as Answer),
    (entry) => entries.push(entry),
  )
  const beat = changes('beat', ['true'], { often: true })
  for (const _ of [...answers]) await remote.run(beat)
  expect(entries.map(({ exit }) => exit)).toEqual([0, 1, 'unknown'])
})

test('an unknown end and a failed connection are noted with their reason', async () => {
  const entries: AuditEntry[] = []
  const answers: (() => Answer)[] = [
    () => linkLost,
    () => {
      throw unreachable
    },
  ]
  const host = recording('node-1', () => answers.shift()?.() ?? {})
  const remote = audited(host, (entry) => entries.push(entry))
  expect(await remote.run(look)).toEqual(linkLost)
  await expect(remote.run(look)).rejects.toBe(unreachable)
  expect(entries).toMatchObject([
    { exit: 'unknown', why: 'gone' },
    { exit: 'unknown', why: 'node-1 cannot be reached' },
  ])
})

/** A host that fails like this before each good answer. */
function failing(times: number, fail: () => Answer) {
  let left = times
  return recording('node-1', () => {
    left -= 1
    return left >= 0 ? fail() : { stdout: 'ok' }
  })
}
const throwing = (): Answer => {
  throw unreachable
}

test('a command that changes nothing is tried again after a lost link and an unreachable host', async () => {
  for (const fail of [() => linkLost, throwing]) {
    const host = failing(2, fail)
    expect(await retrying(host, quick).run(look)).toMatchObject({ stdout: 'ok' })
    expect(host.commands).toHaveLength(3)
  }
})

test('the tries are counted', async () => {
  const lost = failing(9, () => linkLost)
  expect(await retrying(lost, quick).run(look)).toEqual(linkLost)
  expect(lost.commands).toHaveLength(3)
  const away = failing(9, throwing)
  await expect(retrying(away, quick).run(look)).rejects.toBe(unreachable)
  expect(away.commands).toHaveLength(3)
})

test('a command that changes something is never tried twice', async () => {
  for (const fail of [() => linkLost, throwing]) {
    const host = failing(1, fail)
    await retrying(host, quick)
      .run(stop)
      .catch(() => {})
    expect(host.commands).toHaveLength(1)
  }
})

test.each([
  ['a timeout', (): Answer => ({ kind: 'unknown', why: 'timeout', message: 'late', durationMs: 1 })],
  ['an exit code', (): Answer => ({ exitCode: 1 })],
  [
    'a refused login',
    (): Answer => {
      throw new EvhaError({ ...unreachable, kind: 'refused', message: 'no', changedAnything: 'no', hint: '' })
    },
  ],
])('%s is not tried again', async (_what, answer) => {
  const host = recording('node-1', answer)
  await retrying(host, quick)
    .run(look)
    .catch(() => {})
  expect(host.commands).toHaveLength(1)
})

test('an abort ends the trying', async () => {
  const stopper = new AbortController()
  const host = recording('node-1', () => {
    stopper.abort()
    return linkLost
  })
  const outcome = await retrying(host, { attemptsMax: 5, pauseMs: 60_000 }).run(look, stopper.signal)
  expect(outcome.kind).toBe('unknown')
  expect(host.commands).toHaveLength(1)
})

test('a dry run looks for real and only prints what it would change', async () => {
  const printed: [string, string][] = []
  const host = recording('node-1', () => ({ stdout: 'seen' }))
  const remote = printing(host, (name, command: Command) => printed.push([name, renderRedacted(command)]))
  expect(await remote.run(look)).toMatchObject({ stdout: 'seen' })
  expect(await remote.run(stop)).toMatchObject({ kind: 'finished', exitCode: 0, stdout: '' })
  await remote.send({ content: new Secret(secret), mode: 0o600 }, '/etc/key')
  const running = await remote.stream(stop)
  running.stdin.end('bytes')
  expect(await running.done).toMatchObject({ exitCode: 0 })

  expect(host.commands).toEqual([look])
  expect(host.sent).toEqual([])
  expect(printed.map(([, text]) => text.split('\n')[0])).toEqual([
    'systemctl stop ev-node',
    "sh -c 'set -eu",
    'systemctl stop ev-node',
  ])
  expect(JSON.stringify(printed)).not.toContain(secret)
})

test('on paper a host is asked once, and a file that would have been sent is read back', async () => {
  let asked = 0
  const host = recording('node-1', () => ({ stdout: `answer ${++asked}` }))
  const paper = printing(host, () => undefined)
  const stdout = async (command: Command) => {
    const outcome = await paper.run(command)
    return outcome.kind === 'finished' ? outcome.stdout : null
  }
  expect([await stdout(look), await stdout(look)]).toEqual(['answer 1', 'answer 1'])
  const cat = reads('read it', ['cat', '--', '/etc/unit'])
  await paper.send({ content: 'as it would be', mode: 0o644 }, '/etc/unit')
  expect(await stdout(cat)).toBe('as it would be')
  await paper.send({ content: new Secret(secret), mode: 0o600 }, '/etc/key')
  expect(await stdout(reads('read it', ['cat', '--', '/etc/key']))).toBe('answer 2')
})

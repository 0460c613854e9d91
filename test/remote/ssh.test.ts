import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { Secret } from '../../src/base/secret.ts'
import { echo, host } from './ssh-host.ts'

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

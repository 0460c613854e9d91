import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { SlowLink } from '../../src/lab/slow-link.ts'

let server: Server
afterEach(() => server.close())

/** A server that says back what it hears, over a line of that length. */
async function echo(rttMs: number): Promise<number> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const line = new SlowLink(socket, rttMs)
    line.on('error', () => undefined)
    line.pipe(line)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('an answer takes a round trip, never less', async () => {
  const socket = connect(await echo(60), '127.0.0.1')
  await once(socket, 'connect')
  for (let i = 0; i < 3; i++) {
    const askedMs = performance.now()
    socket.write('x')
    await once(socket, 'data')
    // Timers may fire a millisecond early.
    expect(performance.now() - askedMs).toBeGreaterThanOrEqual(57)
  }
  socket.destroy()
})

test('bytes arrive whole and in order, more than may be under way at once, and the end after them', async () => {
  const sent = randomBytes(5 * 1024 * 1024)
  const socket = connect(await echo(4), '127.0.0.1')
  const heard = createHash('sha256')
  socket.on('data', (chunk) => heard.update(chunk))
  socket.end(sent)
  await once(socket, 'end')
  expect(heard.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
})

test('a line that breaks on one side breaks on the other', async () => {
  let broke: Promise<unknown> = Promise.resolve()
  server = createServer((socket) => {
    const line = new SlowLink(socket, 2)
    broke = once(line, 'close')
    line.resume().on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('x')
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  await broke
})

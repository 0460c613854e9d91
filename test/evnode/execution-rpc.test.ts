import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { jwtSecretIn } from '../../src/evnode/engine-token.ts'
import { askEngine, executionRpc } from '../../src/evnode/execution-rpc.ts'
import { urlTarget } from '../../src/evnode/json-rpc.ts'
import { type ExecutionClientOptions, startExecutionClient } from '../execution-client.ts'
import { selfSigned } from '../self-signed.ts'

const limits = { timeoutMs: 2_000 }
const secret = 'ab'.repeat(32)
const secretOf = (text: string) => {
  const found = jwtSecretIn(text)
  if (found === undefined) throw new Error('no secret')
  return found
}

async function client(options: Partial<ExecutionClientOptions> = {}) {
  const stateRoot = (number: number) => `0x${number.toString(16).padStart(64, '0')}`
  const running = await startExecutionClient({ secret, head: () => 42, stateRoot, ...options })
  onTestFinished(() => running.close())
  return running
}

function at(url: string) {
  const target = urlTarget(url)
  if (target === undefined) throw new Error(`${url} is no URL`)
  return { target, open: async () => connect(target.port, target.host) }
}
const rpcAt = (url: string) => executionRpc(at(url).open, at(url).target, limits)
const engineAt = (url: string, text: string, nowMs: number) =>
  askEngine(at(url).open, at(url).target, secretOf(text), nowMs, limits)

test('tells chain, version, head and blocks', async () => {
  const { ethUrl, genesisHash } = await client({ chainId: 77, version: 'Reth/v1' })
  const rpc = rpcAt(ethUrl)
  expect(await rpc.chainId()).toEqual({ kind: 'ok', value: '77' })
  expect(await rpc.version()).toEqual({ kind: 'ok', value: 'Reth/v1' })
  expect(await rpc.head()).toEqual({ kind: 'ok', value: 42 })
  expect(await rpc.block(0)).toEqual({
    kind: 'ok',
    value: { number: 0, hash: genesisHash, stateRoot: `0x${'0'.repeat(64)}`, feeRecipient: '' },
  })
  expect(await rpc.block(43)).toEqual({ kind: 'missing' })
  const newest = await rpc.block(42)
  expect(newest).toMatchObject({ kind: 'ok', value: { number: 42 } })
  expect(await rpc.latest()).toEqual(newest)
})

test('tells how many transactions wait in its pool', async () => {
  const { ethUrl } = await client({ pool: { pending: '0x1f', queued: '0x2' } })
  expect(await rpcAt(ethUrl).pool()).toEqual({ kind: 'ok', value: { pending: 31, queued: 2 } })
  const other = await client({ pool: { pending: 'many' } })
  expect(await rpcAt(other.ethUrl).pool()).toMatchObject({ kind: 'garbled' })
})

test('the Engine API takes a token of its secret, and of no other; nor one of another time', async () => {
  const { engineUrl } = await client()
  const now = Date.now()
  for (const text of [secret, `0x${secret}\n`])
    expect(await engineAt(engineUrl, text, now)).toEqual({
      kind: 'ok',
      value: ['engine_forkchoiceUpdatedV3'],
    })
  expect(await engineAt(engineUrl, 'ac'.repeat(32), now)).toMatchObject({ kind: 'refused', status: 401 })
  expect(await engineAt(engineUrl, secret, now - 3_600_000)).toMatchObject({ kind: 'refused', status: 401 })
})

test('an address that is no Engine API says so', async () => {
  const { ethUrl } = await client()
  expect(await engineAt(ethUrl, secret, Date.now())).toMatchObject({ kind: 'refused', status: 200 })
})

test.each(['', 'zz', 'ab'.repeat(31), `${secret}${secret}`, '{"jwt":1}'])('%j is no secret', (text) => {
  expect(jwtSecretIn(text)).toBeUndefined()
})

test('a secret and its tokens are not printed', () => {
  expect(`${secretOf(secret)} ${JSON.stringify({ secret: secretOf(secret) })}`).not.toContain('ab')
})

async function answering(body: string): Promise<string> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => response.end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":"0x2a"}', { kind: 'ok', value: 42 }],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}', { kind: 'refused' }],
  ['{"result":""}', { kind: 'garbled' }],
  ['{"result":42}', { kind: 'garbled' }],
  ['<html>', { kind: 'garbled' }],
])('%s for a head is %j', async (body, answer) => {
  expect(await rpcAt(await answering(body)).head()).toMatchObject(answer)
})

test('a client that is not there does not answer, and one that hangs is not waited for', async () => {
  const refusing = () => Promise.reject(new Error('Connection refused'))
  const { target } = at('http://localhost:8545')
  expect(await executionRpc(refusing, target, limits).head()).toMatchObject({ kind: 'closed' })
  const hanging = createServer(() => undefined)
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    hanging.closeAllConnections()
    hanging.close()
  })
  const there = at(`http://127.0.0.1:${(hanging.address() as AddressInfo).port}`)
  const asked = executionRpc(there.open, there.target, { timeoutMs: 200 })
  expect(await asked.head()).toMatchObject({ kind: 'timeout' })
})

test('a client behind TLS whose certificate nobody trusts is one that does not answer, and says why', async () => {
  const server = createTlsServer(selfSigned('127.0.0.1'), (request, response) => {
    request.resume().on('end', () => response.end('{"jsonrpc":"2.0","id":1,"result":"0x2a"}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const { port } = server.address() as AddressInfo
  expect(await rpcAt(`https://127.0.0.1:${port}`).head()).toMatchObject({
    kind: 'closed',
    why: expect.stringMatching(/self-signed certificate/),
  })
})

test('where no TLS is spoken an https address is a client that does not answer, and says why', async () => {
  const { ethUrl } = await client()
  const answer = await rpcAt(ethUrl.replace('http:', 'https:')).head()
  expect(answer).toMatchObject({ kind: 'closed', why: expect.stringMatching(/\w/) })
})

test.each([
  ['http://localhost:8545', { host: 'localhost', port: 8545, tls: false, path: '/' }],
  ['https://rpc.example/key?a=1', { host: 'rpc.example', port: 443, tls: true, path: '/key?a=1' }],
  ['http://[::1]:8551', { host: '::1', port: 8551, tls: false, path: '/' }],
  ['http://', undefined],
])('%s leads to %j', (url, target) => {
  expect(urlTarget(url)).toEqual(target)
})

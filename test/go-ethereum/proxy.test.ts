import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/base/secret.ts'
import { engineToken } from '../../src/evnode/engine-token.ts'
import { rpcServer } from '../../src/lab/execution/server.ts'
import { tokenProblem } from '../../src/lab/execution/token.ts'
import { serverIn } from './geth.ts'
import { proxyServers } from './proxy.ts'
import { accountOf } from './transfer.ts'

const secret = Buffer.alloc(32, 7)

async function at(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function proxied(): Promise<{ eth: string; engine: string }> {
  const ethUrl = await at(rpcServer({ eth_chainId: () => '0x4d2' }))
  const engineUrl = await at(
    rpcServer(
      { eth_chainId: () => '0x4d2', engine_exchangeCapabilities: ([asked]) => asked },
      ({ headers }) => tokenProblem(headers.authorization, secret),
    ),
  )
  const { eth, engine } = proxyServers({ ethUrl, engineUrl })
  return { eth: await at(eth), engine: await at(engine) }
}

async function ask(url: string, body: unknown, token = ''): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.text() }
}

const question = (method: string, params: unknown[] = []) => ({ jsonrpc: '2.0', id: 7, method, params })
const tokenOf = (key: Buffer) => engineToken(new Secret(key), Date.now()).reveal().toString()

test('the token is judged behind the proxy, also for a block that the proxy itself keeps', async () => {
  const { engine } = await proxied()
  const asked = question('engine_exchangeCapabilities', [['engine_getPayloadV4']])
  expect(await ask(engine, asked, tokenOf(secret))).toMatchObject({ status: 200 })
  for (const one of [asked, question('engine_getPayloadV4', ['0x01'])]) {
    expect(await ask(engine, one)).toEqual({ status: 401, body: 'missing token\n' })
    const refused = await ask(engine, one, tokenOf(Buffer.alloc(32, 8)))
    expect(refused.status).toBe(401)
    expect(refused.body).toContain('token signature is invalid')
  }
})

test('several questions at once are answered each with its id, a method that is not there among them', async () => {
  const { eth } = await proxied()
  const asked = await ask(eth, [question('eth_chainId'), question('evolve_getNextProposer')])
  expect(JSON.parse(asked.body)).toEqual([
    { jsonrpc: '2.0', id: 7, result: '0x4d2' },
    { jsonrpc: '2.0', id: 7, error: { code: -32601, message: expect.stringContaining('does not exist') } },
  ])
})

test('go-ethereum says in its log where it listens, and which port wants a token', () => {
  const line = (auth: boolean) =>
    `{"t":"2026-11-26T02:12:55Z","lvl":"info","msg":"HTTP server started","endpoint":"127.0.0.1:42354","auth":${auth},"prefix":""}`
  expect(serverIn(line(true))).toEqual({ endpoint: '127.0.0.1:42354', auth: true })
  expect(serverIn(line(false))).toEqual({ endpoint: '127.0.0.1:42354', auth: false })
  expect(serverIn('{"msg":"Starting peer-to-peer node"}')).toBeUndefined()
})

test('an account is the one that a wallet has for that key', () => {
  // The example of EIP-155.
  expect(accountOf(BigInt(`0x${'46'.repeat(32)}`))).toBe('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
})

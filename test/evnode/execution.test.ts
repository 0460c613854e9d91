import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { executionClientOf, executionHeight } from '../../src/evnode/execution.ts'
import { nodeCommand, parseUnit } from '../../src/evnode/unit.ts'

const clientOf = (flags: string) =>
  executionClientOf(nodeCommand(parseUnit(`[Service]\nExecStart=/x start ${flags}\n`)))

test('an EVM node is known by its flags, and its client by --evm.eth-url or the default', () => {
  expect(clientOf('--home /h')).toBeNull()
  expect(clientOf('--evm.jwt-secret-file /jwt')).toEqual({ ethUrl: 'http://localhost:8545' })
  expect(clientOf('--evm.eth-url=http://10.0.0.1:9545')).toEqual({ ethUrl: 'http://10.0.0.1:9545' })
})

async function answering(body: string): Promise<() => Promise<ReturnType<typeof connect>>> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => response.end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async () => connect(port, '127.0.0.1')
}

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":"0x2a"}', 42],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}', 'answers, but names no block'],
  ['{"result":""}', 'answers, but names no block'],
  ['<html>', 'answers, but names no block'],
])('%s is %j', async (body, height) => {
  expect(await executionHeight(await answering(body), 2_000)).toBe(height)
})

test('a client that is not there does not answer', async () => {
  const refusing = () => Promise.reject(new Error('Connection refused'))
  expect(await executionHeight(refusing, 2_000)).toBe('does not answer')
})

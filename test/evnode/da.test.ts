import { expect, test } from 'vitest'
import { Secret } from '../../src/base/secret.ts'
import { daClient, daTarget } from '../../src/evnode/da.ts'
import { fixture } from './fixture.ts'
import { closedPort, dial, http, player } from './player.ts'

const options = { address: 'http://10.77.0.6:7980', timeoutMs: 20_000 }
const namespace = '00000000000000000000000000000000000000e075c121e8704e418f8f'
const saying = async (body: string) => {
  const { open, requests } = await player((socket) => socket.end(http(200, body)))
  return { da: daClient(open, options), open, requests }
}

test('headers at a DA height, data of blocks left out', async () => {
  const { da, requests } = await saying(fixture('da/GetAll-8.json'))
  const answer = await da.headerBlobs(8, namespace)
  expect(answer.kind === 'ok' && answer.value.map((blob) => blob.header.height)).toEqual([1, 2, 3, 4, 5])
  expect(answer.kind === 'ok' && answer.value.every((blob) => blob.validSignature)).toBe(true)
  const [head, body = ''] = (requests[0] ?? '').split('\r\n\r\n')
  expect(head).toContain('POST / HTTP/1.1')
  expect(JSON.parse(body)).toEqual({
    jsonrpc: '2.0',
    id: 1,
    method: 'blob.GetAll',
    params: [8, [['AAAAAAAAAAAAAAAAAAAAAAAAAOB1wSHocE5Bj48='][0]]],
  })
  const onlyData = await saying(fixture('da/GetAll-9.json'))
  expect(await onlyData.da.headerBlobs(9, namespace)).toEqual({ kind: 'ok', value: [] })
})

test('the height of DA stands beside the header, whatever height that header has', async () => {
  const { da } = await saying(fixture('da/LocalHead.json'))
  expect(await da.localHead()).toEqual({ kind: 'ok', value: 65 })
})

test('blobs of another namespace are not ours', async () => {
  const { da } = await saying(fixture('da/GetAll-8.json'))
  expect(await da.headerBlobs(8, `${namespace.slice(0, -2)}00`)).toEqual({ kind: 'ok', value: [] })
})

test('an empty DA height is no error, another error is', async () => {
  const empty = await saying('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"blob: not found"}}')
  expect(await empty.da.headerBlobs(3, namespace)).toEqual({ kind: 'ok', value: [] })
  const future = await saying(
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"height from the future"}}',
  )
  expect(await future.da.headerBlobs(3, namespace)).toMatchObject({
    kind: 'refused',
    message: 'height from the future',
  })
})

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{"height":12}}', 12],
  ['{"jsonrpc":"2.0","id":1,"result":{"header":{"height":"4711"}}}', 4711],
])('the head of DA: %s', async (body, height) => {
  const { da } = await saying(body)
  expect(await da.localHead()).toEqual({ kind: 'ok', value: height })
})

test('a head without a height is garbled', async () => {
  for (const body of ['{"result":{}}', '{"result":7}', 'OK']) {
    expect((await (await saying(body)).da.localHead()).kind).toBe('garbled')
  }
})

test('a closed DA is a value', async () => {
  const port = await closedPort()
  expect((await daClient(() => dial(port), options).localHead()).kind).toBe('closed')
})

test('a token is sent as bearer', async () => {
  const { open, requests } = await saying('{"result":{"height":1}}')
  await daClient(open, { ...options, authToken: new Secret('token-1') }).localHead()
  expect(requests[0]).toContain('authorization: Bearer token-1\r\n')
})

test.each([
  ['http://10.77.0.6:7980', { host: '10.77.0.6', port: 7980, tls: false, path: '/' }],
  ['10.77.0.6:7980', { host: '10.77.0.6', port: 7980, tls: false, path: '/' }],
  ['https://da.example/rpc?x=1', { host: 'da.example', port: 443, tls: true, path: '/rpc?x=1' }],
  ['http://[::1]:26658', { host: '::1', port: 26658, tls: false, path: '/' }],
])('%s leads to a listener', (address, target) => {
  expect(daTarget(address)).toEqual(target)
})

test('an address that is none is refused as usage', () => {
  expect(() => daTarget('http://:x')).toThrow(/is no address/)
})

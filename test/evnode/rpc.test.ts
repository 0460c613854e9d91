import { connect } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { nodeRpc } from '../../src/evnode/rpc.ts'
import { fixture } from './fixture.ts'
import { closedPort, dial, http, player } from './player.ts'

const patient = { timeoutMs: 20_000 }
const saying = async (status: number, body: string) => {
  const { open, requests } = await player((socket) => socket.end(http(status, body)))
  return { rpc: nodeRpc(open, patient), requests }
}
const [missingBody = ''] = fixture('rpc/raft-GetBlock-missing.txt').split('\n')

test('the state of a running cluster', async () => {
  const { rpc, requests } = await saying(200, fixture('rpc/raft-GetState.json'))
  expect(await rpc.state()).toEqual({
    kind: 'ok',
    value: {
      chainId: 'lab-chain',
      initialHeight: 1,
      lastBlockHeight: 547,
      lastBlockTimeMs: Date.parse('2026-11-23T08:41:09.931Z'),
      daHeight: 12,
      appHash: expect.stringMatching(/^L2hlaWdodC8xMC/),
      nextProposerAddress: 'QDNeIx3e49rTBJFzfjpLeJr+VRkrgkzBO61ZwACuwv4=',
    },
  })
  expect(requests[0]).toContain('POST /evnode.v1.StoreService/GetState HTTP/1.1\r\n')
  expect(requests[0]).toContain('content-type: application/json')
  expect(requests[0]?.endsWith('\r\n\r\n{}')).toBe(true)
})

test('a block, with the height asked as text', async () => {
  const { rpc, requests } = await saying(200, fixture('rpc/raft-GetBlock-22.json'))
  const answer = await rpc.block(22)
  expect(answer).toMatchObject({ kind: 'ok', value: { header: { height: 22 }, headerDaHeight: 90 } })
  expect(requests[0]?.endsWith('{"height":"22"}')).toBe(true)
})

test('a missing block is a value of its own, any other failure is not taken for it', async () => {
  const missing = await saying(500, missingBody)
  expect(await missing.rpc.block(99)).toEqual({ kind: 'missing' })
  const broken = await saying(500, '{"code":"internal","message":"disk failure"}')
  expect(await broken.rpc.block(99)).toEqual({ kind: 'refused', status: 500, message: 'disk failure' })
})

test('the heads of the P2P stores', async () => {
  const { rpc } = await saying(200, fixture('rpc/raft-GetP2PStoreInfo.json'))
  expect(await rpc.storeInfo()).toMatchObject({
    kind: 'ok',
    value: {
      header: { height: 548, hash: 'YTt8Km58O+2yBgpuOTHIiefHlfSzDfqOHQsHU9XS5oU=' },
      data: { height: 548 },
    },
  })
})

test('namespaces come without 0x', async () => {
  const { rpc } = await saying(200, fixture('rpc/raft-GetNamespace.json'))
  const hex = '000000000000000000000000000000000000008bd344d8949134a3ad3b'
  expect(await rpc.namespace()).toEqual({ kind: 'ok', value: { header: hex, data: hex } })
})

test('counters are little-endian', async () => {
  const [line = ''] = fixture('rpc/raft-GetMetadata.txt').split('\n')
  const { rpc } = await saying(200, line)
  expect(await rpc.counter('last-submitted-header-height')).toEqual({ kind: 'ok', value: 543 })
})

test('identity and signer of the running node', async () => {
  const net = await saying(200, fixture('rpc/raft-GetNetInfo.json'))
  expect(await net.rpc.netInfo()).toMatchObject({
    kind: 'ok',
    value: { peerId: '12D3KooWNopb21uSZmz5vwL3Dw1XScL1cCwdqHrycvDixYgABoLs' },
  })
  const signer = await saying(200, fixture('rpc/raft-GetSignerInfo.json'))
  expect(await signer.rpc.signerAddress()).toEqual({
    kind: 'ok',
    value: 'QDNeIx3e49rTBJFzfjpLeJr+VRkrgkzBO61ZwACuwv4=',
  })
})

test('the role in a cluster, and the empty reply of a node without Raft', async () => {
  const lines = fixture('rpc/raft-http.txt')
    .split('\n')
    .filter((line) => line.startsWith('{'))
  const leaders = await Promise.all(lines.map(async (line) => (await saying(200, line)).rpc.raftNode()))
  expect(leaders.map((answer) => answer.kind === 'ok' && answer.value)).toEqual([
    { isLeader: false, nodeId: 'node-1' },
    { isLeader: true, nodeId: 'node-2' },
    { isLeader: false, nodeId: 'node-3' },
  ])
  const silent = await player((socket) => socket.end())
  expect(await nodeRpc(silent.open, patient).raftNode()).toEqual({ kind: 'noRaft' })
  expect((await nodeRpc(silent.open, patient).state()).kind).toBe('closed')
})

test('an answer to another question is garbled, not misread', async () => {
  const { rpc } = await saying(200, fixture('rpc/raft-GetPeerInfo.json'))
  expect((await rpc.state()).kind).toBe('garbled')
  expect((await rpc.netInfo()).kind).toBe('garbled')
  expect((await rpc.block(1)).kind).toBe('garbled')
})

test('a path the node does not know is 404: it does not live there', async () => {
  const { rpc } = await saying(404, fixture('rpc/raft-Livez.json'))
  expect(await rpc.live()).toEqual({ kind: 'ok', value: false })
  expect(await rpc.state()).toMatchObject({ kind: 'refused', status: 404 })
})

test('health', async () => {
  const up = await saying(200, 'READY\n')
  expect(await up.rpc.ready()).toEqual({ kind: 'ok', value: { ready: true, reason: 'READY' } })
  expect(await up.rpc.live()).toEqual({ kind: 'ok', value: true })
  const down = await saying(503, 'UNREADY: no peers')
  expect(await down.rpc.ready()).toEqual({ kind: 'ok', value: { ready: false, reason: 'UNREADY: no peers' } })
  expect(await down.rpc.live()).toEqual({ kind: 'ok', value: false })
})

test('a closed port is a value, whether the stream fails to open or breaks at once', async () => {
  const port = await closedPort()
  const waited = nodeRpc(() => dial(port), patient)
  const lazy = nodeRpc(() => Promise.resolve(connect(port, '127.0.0.1')), patient)
  for (const rpc of [waited, lazy]) {
    expect(await rpc.state()).toMatchObject({ kind: 'closed', why: expect.stringContaining('ECONNREFUSED') })
    expect((await rpc.raftNode()).kind).toBe('closed')
    expect((await rpc.live()).kind).toBe('closed')
  }
})

test('a reset and a cut answer are closed, not an empty reply', async () => {
  const reset = await player((socket) => socket.resetAndDestroy())
  expect((await nodeRpc(reset.open, patient).raftNode()).kind).toBe('closed')
  const cut = await player((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"sta'))
  expect((await nodeRpc(cut.open, patient).state()).kind).toBe('closed')
})

test('another protocol and an answer of another shape are garbled', async () => {
  const ssh = await player((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  expect((await nodeRpc(ssh.open, patient).state()).kind).toBe('garbled')
  for (const body of ['{}', '[]', 'OK', '{"state":{"chainId":"x","lastBlockHeight":"many"}}']) {
    expect((await (await saying(200, body)).rpc.state()).kind).toBe('garbled')
  }
})

test('more bytes than the limit are dropped, and the connection with them', async () => {
  const endless = await player((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const more = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(1 << 20))) {}
    }
    socket.on('drain', more)
    more()
  })
  expect((await nodeRpc(endless.open, patient).state()).kind).toBe('garbled')
})

test('a silent node and a stream that never opens run into the time limit', async () => {
  const silent = await player(() => {})
  expect(await nodeRpc(silent.open, { timeoutMs: 50 }).state()).toEqual({ kind: 'timeout', afterMs: 50 })
  let opened: (stream: Duplex) => void = () => {}
  const opening = new Promise<Duplex>((resolve) => {
    opened = resolve
  })
  expect(await nodeRpc(() => opening, { timeoutMs: 50 }).state()).toEqual({ kind: 'timeout', afterMs: 50 })
  const late = new PassThrough()
  const destroyed = new Promise((resolve) => late.on('close', resolve))
  opened(late)
  await destroyed
})

test('an unreachable host stays an error, and so does an aborted question', async () => {
  const lost = new EvhaError({
    kind: 'unreachable',
    message: 'x',
    changedAnything: 'no',
    retryable: true,
    hint: '',
  })
  await expect(nodeRpc(() => Promise.reject(lost), patient).state()).rejects.toBe(lost)
  const silent = await player(() => {})
  const stop = new AbortController()
  const asked = nodeRpc(silent.open, { ...patient, signal: stop.signal }).state()
  stop.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
})

test('a stream that is no socket serves as well', async () => {
  const { open } = await player((socket) => socket.end(http(200, fixture('rpc/raft-GetState.json'))))
  const tunnel = async () => {
    const socket = await open()
    const back = socket.pipe(new PassThrough())
    return Duplex.from({ readable: back, writable: socket }) as Duplex
  }
  expect((await nodeRpc(tunnel, patient).state()).kind).toBe('ok')
})

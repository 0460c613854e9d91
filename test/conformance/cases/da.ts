import { connect } from 'node:net'
import { daClient } from '../../../src/evnode/da.ts'
import { decodeHeaderBlob } from '../../../src/evnode/da-blob.ts'
import { namespaceHexOf } from '../../../src/evnode/da-namespace.ts'
import { isObject } from '../../../src/evnode/json.ts'
import { reaches, rpcOf, until } from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import type { Ground } from '../ground.ts'
import { shapeOf } from '../observation.ts'
import type { RunningDa } from '../subject.ts'

const namespaceHex = namespaceHexOf('test-ns')
const namespace = Buffer.from(namespaceHex, 'hex').toString('base64')

function clientOf(da: RunningDa) {
  const open = () =>
    new Promise<ReturnType<typeof connect>>((done, fail) => {
      const socket = connect(da.port, '127.0.0.1', () => done(socket))
      socket.once('error', fail)
    })
  return daClient(open, { address: `http://127.0.0.1:${da.port}`, timeoutMs: 10_000 })
}

async function call(
  da: RunningDa,
  method: string,
  params: readonly unknown[],
): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${da.port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const parsed: unknown = await answer.json()
  return isObject(parsed) ? parsed : {}
}

/** A sequencer that writes to DA, once its first headers lie there. */
async function submitting(ground: Ground) {
  const da = await ground.withDa()
  const home = await ground.newHome('node')
  const place = await ground.place(home, 'node')
  const kv = `${place.address}:${place.raftPort}`
  const node = ground.single(place, '--evnode.da.block_time', '200ms', '--kv-endpoint', kv)
  await node.until('produced')
  await fetch(`http://${kv}/tx`, { method: 'POST', body: 'key=value' })
  await node.until('daSubmitted', ({ item }) => item === 'header')
  await node.until('daSubmitted', ({ item }) => item === 'data')
  return { da, place, node }
}

async function allHeaders(da: RunningDa) {
  const client = clientOf(da)
  const head = await client.localHead()
  if (head.kind !== 'ok') throw new Error(`DA's head: ${head.kind}`)
  const answers = await Promise.all(
    Array.from({ length: head.value }, (_, k) => client.headerBlobs(k + 1, namespaceHex)),
  )
  return answers.flatMap((answer) => (answer.kind === 'ok' ? answer.value : []))
}

/** Data availability: what the sequencer writes there, and how evha reads it. */
export const daCases: readonly Case[] = [
  aCase('headers on DA', 'decodeHeaderBlob and the watch for a second signature', async (ground) => {
    const { da, place } = await submitting(ground)
    const headers = await until('headers on DA', async () => {
      const found = await allHeaders(da)
      return found.length > 0 ? found : undefined
    })
    const [first] = headers
    if (first === undefined) throw new Error('no header on DA')
    const block = await rpcOf(place).block(first.header.height)
    return {
      valid: headers.every(({ validSignature }) => validSignature),
      startsAt: first.header.height,
      hashIsBlockHash: block.kind === 'ok' && block.value.hash === first.hash,
      signatureIsBlockSignature: block.kind === 'ok' && block.value.signature === first.signature,
    }
  }),
  aCase('data blobs are no headers', 'decodeHeaderBlob', async (ground) => {
    const { da } = await submitting(ground)
    const blobs = await until('a data blob', async () => {
      const head = Number(
        ((await call(da, 'header.LocalHead', []))['result'] as { height?: unknown })?.height,
      )
      const all: Buffer[] = []
      for (let height = 1; height <= head; height += 1) {
        const { result } = await call(da, 'blob.GetAll', [height, [namespace]])
        for (const blob of Array.isArray(result) ? result : [])
          all.push(Buffer.from(String((blob as { data?: unknown }).data), 'base64'))
      }
      const others = all.filter((blob) => decodeHeaderBlob(blob) === undefined)
      return others.length > 0 && others.length < all.length ? others : undefined
    })
    return { some: blobs.length > 0 }
  }),
  aCase('counters and DA heights of submitted blocks', 'counterIn and the backlog', async (ground) => {
    const { place, node } = await submitting(ground)
    const rpc = rpcOf(place)
    const submitted = await rpc.counter('last-submitted-header-height')
    const included = await until('a block that is known to be on DA', async () => {
      const answer = await rpc.counter('d')
      return answer.kind === 'ok' && answer.value > 0 ? answer : undefined
    })
    const block = await until('a block with its DA height', async () => {
      const answer = await rpc.block(1)
      return answer.kind === 'ok' && answer.value.headerDaHeight > 0 ? answer : undefined
    })
    const head = await reaches(place, 3)
    const state = await rpc.state()
    return {
      submittedWithinHead: submitted.kind === 'ok' && submitted.value > 0 && submitted.value <= head + 5,
      includedWithinSubmitted: included.kind === 'ok' && included.value > 0,
      dataCounter: (await rpc.counter('last-submitted-data-height')).kind,
      headerDaHeight: block.kind,
      stateDaHeight: state.kind === 'ok' && state.value.daHeight >= 0,
      events: [
        ...new Set(node.events.flatMap((event) => (event.kind === 'daSubmitted' ? [event.item] : []))),
      ].sort(),
    }
  }),
  aCase('DA: head, nothing, the future', 'daClient', async (ground) => {
    const da = await ground.withDa()
    await until('two heights', async () => {
      const head = await clientOf(da).localHead()
      return head.kind === 'ok' && head.value > 2 ? true : undefined
    })
    const { result } = await call(da, 'header.LocalHead', [])
    const nothing = await call(da, 'blob.GetAll', [1, [namespace]])
    const future = await call(da, 'blob.GetAll', [1_000_000, [namespace]])
    const client = clientOf(da)
    const message = ({ error }: Record<string, unknown>) =>
      isObject(error) ? String(error['message']).replace(/: \d+/g, ': <height>') : 'no error'
    return {
      headAnswer: shapeOf(result),
      head: (await client.localHead()).kind,
      nothing: message(nothing),
      nothingRead: JSON.stringify(await client.headerBlobs(1, namespaceHex)),
      future: message(future),
      futureRead: (await client.headerBlobs(1_000_000, namespaceHex)).kind,
    }
  }),
  aCase('DA does not answer', 'a sequencer goes on without DA', async (ground) => {
    const place = await ground.place(await ground.newHome('node'), 'node')
    const node = ground.single(place, '--evnode.da.block_time', '200ms')
    const failed = await node.until('daFailed')
    const head = await reaches(place, 3)
    return { read: failed.kind, saysWhy: failed.error !== '', goesOn: head >= 3 }
  }),
]

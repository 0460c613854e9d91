import { generateKeyPairSync, sign } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daClient } from '../../../src/evnode/da.ts'
import { encodeHeaderBlob } from '../../../src/evnode/da-blob.ts'
import { namespaceHexOf } from '../../../src/evnode/da-namespace.ts'
import { type Da, startDa } from '../../../src/lab/da/da.ts'
import { submitBlobs } from '../../../src/lab/standin/chain/da-client.ts'
import { signBlock } from '../../../src/lab/standin/chain/signed-block.ts'
import { withDir } from '../standin/scratch-dir.ts'
import { until } from '../standin/stand.ts'

const hex = namespaceHexOf('test-ns')
const namespace = Buffer.from(hex, 'hex').toString('base64')
const pair = generateKeyPairSync('ed25519')
const key = {
  publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  sign: (bytes: Buffer) => sign(null, bytes, pair.privateKey),
}
const block = signBlock(
  {
    chainId: 'test',
    parent: { height: 0, hash: '', dataHash: '', appHash: '' },
    timeNs: 1n,
    transactions: [],
  },
  key,
)
const data = encodeHeaderBlob(block.header, key.publicKey, key.sign).toString('base64')
const never = new AbortController().signal

async function withDa(work: (da: Da, client: ReturnType<typeof daClient>) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const da = await startDa({ host: '127.0.0.1', port: 0, blockTimeMs: 20, logFile: join(dir, 'da.log') })
    const address = `http://127.0.0.1:${da.port}`
    const open = () =>
      new Promise<ReturnType<typeof connect>>((resolve) => {
        const socket = connect(da.port, '127.0.0.1', () => resolve(socket))
      })
    try {
      await work(da, daClient(open, { address, timeoutMs: 10_000 }))
    } finally {
      await da.close()
    }
  })
}

test('its head moves', () =>
  withDa(async (_, client) => {
    const first = await client.localHead()
    if (first.kind !== 'ok') throw new Error(first.kind)
    await until('a later head', async () => {
      const now = await client.localHead()
      return now.kind === 'ok' && now.value > first.value ? true : undefined
    })
  }))

test('a header lies where the submission said, valid, in its namespace only; twice if it was sent twice', () =>
  withDa(async (da, client) => {
    const blobs = [
      { namespace, data },
      { namespace, data },
    ]
    const height = await submitBlobs(`http://127.0.0.1:${da.port}`, blobs, never)
    const found = await until('the height', async () => {
      const answer = await client.headerBlobs(height, hex)
      return answer.kind === 'ok' ? answer.value : undefined
    })
    expect(found.map(({ header, validSignature }) => [header.height, validSignature])).toEqual([
      [1, true],
      [1, true],
    ])
    expect(await client.headerBlobs(height, namespaceHexOf('other'))).toEqual({ kind: 'ok', value: [] })
  }))

test('an empty submission and a height to come are refused', () =>
  withDa(async (da, client) => {
    await expect(submitBlobs(`http://127.0.0.1:${da.port}`, [], never)).rejects.toThrow('no blobs')
    expect(await client.headerBlobs(1_000_000, hex)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('from the future'),
    })
  }))

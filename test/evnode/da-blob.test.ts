import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { blockOf } from '../../src/evnode/block.ts'
import { decodeHeaderBlob, encodeHeaderBlob } from '../../src/evnode/da-blob.ts'
import { proposerAddressOf } from '../../src/evnode/signer.ts'
import { fieldsOf } from '../../src/evnode/wire.ts'
import { fixture } from './fixture.ts'

const blobsIn = (path: string) =>
  (JSON.parse(fixture(path)) as { result: { data: string }[] }).result.map(({ data }) =>
    Buffer.from(data, 'base64'),
  )
const headers = blobsIn('da/GetAll-8.json')

test('recorded header blobs hold the chain the RPC gave', () => {
  const blobs = headers.map((blob) => decodeHeaderBlob(blob))
  expect(blobs.map((blob) => blob?.header.height)).toEqual([1, 2, 3, 4, 5])
  expect(blobs.every((blob) => blob?.validSignature === true)).toBe(true)
  for (const [index, blob] of blobs.slice(1).entries()) {
    expect(blob?.header.lastHeaderHash).toBe(blobs[index]?.hash)
  }
  const byRpc = blockOf(JSON.parse(fixture('da/block-1.json')))
  expect(blobs[0]?.header).toEqual(byRpc?.header)
  expect(blobs[0]?.hash).toBe(byRpc?.hash)
})

test('recorded data blobs are no headers', () => {
  expect(blobsIn('da/GetAll-9.json').map((blob) => decodeHeaderBlob(blob))).toEqual([undefined, undefined])
})

test.each(headers)('a recorded header blob is encoded byte for byte', (blob) => {
  const decoded = decodeHeaderBlob(blob)
  if (decoded === undefined) throw new Error('no header')
  const signatures = [decoded.signature, fieldsOf(blob)?.[3]?.bytes?.toString('base64') ?? '']
  const publicKey = Buffer.from(decoded.signerPubKey, 'base64').subarray(4)
  const again = encodeHeaderBlob(decoded.header, publicKey, () =>
    Buffer.from(signatures.shift() ?? '', 'base64'),
  )
  expect(again.toString('hex')).toBe(blob.toString('hex'))
})

test('a changed byte of the header makes the signature invalid', () => {
  const blob = Buffer.from(headers[0] ?? '')
  // The chain id stands last in the header and is not a length or a tag.
  blob[blob.indexOf('demo')] = 'D'.charCodeAt(0)
  expect(decodeHeaderBlob(blob)).toMatchObject({ validSignature: false, header: { chainId: 'Demo' } })
})

test('a header signed by the key of somebody else is not valid', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const header = decodeHeaderBlob(headers[0] ?? Buffer.alloc(0))?.header
  if (header === undefined) throw new Error('no header')
  const signer = (bytes: Buffer) => sign(null, bytes, key)
  expect(decodeHeaderBlob(encodeHeaderBlob(header, raw, signer))?.validSignature).toBe(false)
  const own = { ...header, proposerAddress: proposerAddressOf(raw) }
  expect(decodeHeaderBlob(encodeHeaderBlob(own, raw, signer))?.validSignature).toBe(true)
})

import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { blockHash, headerOf, verifySignature } from '../../../../src/evnode/block.ts'
import {
  dataHashOfBlock,
  encodeData,
  type SignedBlock,
  signBlock,
} from '../../../../src/lab/standin/chain/signed-block.ts'
import { judge } from '../../../../src/lab/standin/chain/validate.ts'
import { fixture } from '../../../evnode/fixture.ts'

/** A recorded block as a stand-in keeps it. */
function recorded(name: string): SignedBlock {
  const answer = JSON.parse(fixture(`da/${name}.json`))
  const header = headerOf(answer)
  if (header === undefined) throw new Error(`${name} has no header`)
  const { data, header: signed } = answer.block
  return {
    header,
    signature: signed.signature,
    signerPubKey: signed.signer.pubKey,
    transactions: data.txs ?? [],
    lastDataHash: data.metadata.lastDataHash ?? '',
  }
}

test("a block's data has the hash by which the real node's next block names it", () => {
  expect(dataHashOfBlock(recorded('block-1'))).toBe(recorded('block-2').lastDataHash)
  expect(dataHashOfBlock(recorded('block-2'))).toBe(recorded('block-3').lastDataHash)
})

test("a block's data is encoded as it lies on the real node's DA", () => {
  const [blob] = JSON.parse(fixture('da/GetAll-9.json')).result
  const data = encodeData(recorded('block-3'))
  expect(
    Buffer.from(blob.data, 'base64')
      .subarray(2, 2 + data.length)
      .equals(data),
  ).toBe(true)
})

const pair = generateKeyPairSync('ed25519')
const key = {
  publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  sign: (bytes: Buffer) => sign(null, bytes, pair.privateKey),
}
const parent = { height: 6, hash: blockHash(recorded('block-1').header), dataHash: 'AA==', appHash: 'AQ==' }
const input = { chainId: 'test', parent, timeNs: 1_700_000_000_123_456_789n, transactions: [] }

test('the same input gives the same block, another time another one', () => {
  expect(signBlock(input, key)).toEqual(signBlock(input, key))
  expect(blockHash(signBlock({ ...input, timeNs: input.timeNs + 1n }, key).header)).not.toBe(
    blockHash(signBlock(input, key).header),
  )
  const { header, signature, signerPubKey } = signBlock(input, key)
  expect(verifySignature(header, signature, signerPubKey)).toBe(true)
})

test('a follower judges parent, state and signature', () => {
  const head = { ...parent, timeNs: '1' }
  const block = signBlock(input, key)
  expect(judge(block, head)).toBe('fits')
  expect(judge(block, { ...head, hash: 'other' })).toBe('otherParent')
  expect(judge(block, { ...head, appHash: 'other' })).toBe('otherState')
  expect(judge(block, { ...head, height: 7 })).toBe('otherState')
  expect(judge(block, { ...head, timeNs: input.timeNs.toString() })).toBe('otherState')
  expect(judge({ ...block, header: { ...block.header, timeNs: '5' } }, head)).toBe('badSignature')
})

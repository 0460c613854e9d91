import { appendFileSync } from 'node:fs'
import { blockHash, encodeHeader, type Header, libp2pPublicKey } from '../../evnode/block.ts'
import { dataHashOf } from '../../evnode/block-data.ts'
import type { Signer } from './keys.ts'
import type { Store, StoredBlock } from './store.ts'

const emptyData = dataHashOf([])

/** The next block on a store, signed: whatever the store's height is, right or stale. */
export function sealNext(store: Store, signer: Signer, chainId: string): StoredBlock {
  const height = store.height + 1
  const before = store.block(store.height)
  const now = process.hrtime.bigint() + clockOffsetNs
  const earliest = before === undefined ? 0n : BigInt(before.header.timeNs) + 1n
  const header: Header = {
    versionBlock: 0,
    versionApp: 0,
    height,
    timeNs: String(now > earliest ? now : earliest),
    lastHeaderHash: store.hash(store.height),
    dataHash: emptyData,
    appHash: '',
    proposerAddress: signer.address,
    validatorHash: '',
    chainId,
  }
  return {
    header,
    signature: signer.sign(encodeHeader(header)).toString('base64'),
    pubKey: libp2pPublicKey(signer.publicKey),
  }
}

/** Wall clock minus the monotonic one, taken once: block times must not jump. */
const clockOffsetNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()

/** Notes a header that leaves this process under its signature: the lab's witness of heights signed twice. */
export function noteSigned(block: StoredBlock, nodeId: string): void {
  const path = process.env['EVHA_STANDIN_SIGNED']
  if (path === undefined || path === '') return
  const { height, timeNs } = block.header
  appendFileSync(
    path,
    `${JSON.stringify({ height, hash: blockHash(block.header), timeNs, nodeId, pid: process.pid })}\n`,
  )
}

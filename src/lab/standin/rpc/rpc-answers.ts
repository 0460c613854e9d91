import { namespaceHexOf } from '../../../evnode/da-namespace.ts'
import { proposerAddressOf } from '../../../evnode/signer.ts'
import type { Node } from '../chain/node.ts'
import { dataHashOfBlock, type SignedBlock } from '../chain/signed-block.ts'
import { hashOf } from '../chain/validate.ts'

/** An answer over Connect: status and JSON. */
export interface RpcAnswer {
  readonly status: number
  readonly body: unknown
}

/** What the answers are made from. */
export interface RpcSource {
  readonly node: Node
  readonly peers: () => readonly { readonly id: string; readonly address: string }[]
  readonly listenAddresses: readonly string[]
  /** DA heights that hold a block, 0 while unknown. */
  readonly daHeights: (height: number) => { readonly header: number; readonly data: number }
}

const ok = (body: unknown): RpcAnswer => ({ status: 200, body })

/** The services' methods by their path below `/evnode.v1.` (evnode.md B 5.1). Zero values are left out, as in proto3 JSON. */
export const rpcMethods: Readonly<
  Record<string, (source: RpcSource, body: Record<string, unknown>) => RpcAnswer>
> = {
  'StoreService/GetState': getState,
  'StoreService/GetP2PStoreInfo': getP2PStoreInfo,
  'StoreService/GetBlock': getBlock,
  'StoreService/GetMetadata': getMetadata,
  'ConfigService/GetNamespace': ({ node }) => {
    const { daNamespace, daDataNamespace } = node.settings.config
    return ok({
      headerNamespace: `0x${namespaceHexOf(daNamespace)}`,
      dataNamespace: `0x${namespaceHexOf(daDataNamespace || daNamespace)}`,
    })
  },
  'ConfigService/GetSignerInfo': ({ node }) => ok({ address: node.genesis.proposerAddress }),
  'P2PService/GetNetInfo': ({ node, listenAddresses }) =>
    ok({ netInfo: { id: node.peerId, listenAddresses } }),
  'P2PService/GetPeerInfo': ({ peers }) => ok(peers().length === 0 ? {} : { peers: peers() }),
}

function getState({ node }: RpcSource): RpcAnswer {
  const { store, genesis } = node
  const { head } = store
  const daHeight = store.counter('da-height') ?? 0
  return ok({
    state: {
      version: {},
      chainId: genesis.chainId,
      initialHeight: String(genesis.initialHeight),
      ...(head.height === 0 ? {} : { lastBlockHeight: String(head.height) }),
      lastBlockTime: rfc3339(head.timeNs),
      ...(daHeight === 0 ? {} : { daHeight: String(daHeight) }),
      ...(head.appHash === '' ? {} : { appHash: head.appHash }),
      nextProposerAddress: genesis.proposerAddress,
    },
  })
}

function getP2PStoreInfo({ node }: RpcSource): RpcAnswer {
  const { store, genesis } = node
  const head = store.block(store.head.height)
  const tail = store.block(genesis.initialHeight)
  const entry = (block: SignedBlock, hash: (block: SignedBlock) => string) => ({
    height: String(block.header.height),
    hash: hash(block),
    time: rfc3339(block.header.timeNs),
  })
  const stores = [['Header Store', hashOf] as const, ['Data Store', dataHashOfBlock] as const].map(
    ([label, hash]) =>
      head === undefined
        ? { label }
        : {
            label,
            height: String(head.header.height),
            head: entry(head, hash),
            ...(tail === undefined ? {} : { tail: entry(tail, hash) }),
          },
  )
  return ok({ stores })
}

function getBlock({ node, daHeights }: RpcSource, body: Record<string, unknown>): RpcAnswer {
  const asked = Number(body['height'] ?? 0)
  const height = asked === 0 ? node.store.head.height : asked
  const block = node.store.block(height)
  if (height === 0)
    return { status: 404, body: { code: 'not_found', message: 'store is empty, no latest block available' } }
  if (block === undefined) {
    return {
      status: 500,
      body: {
        code: 'internal',
        message: 'failed to retrieve block data: load block header: datastore: key not found',
      },
    }
  }
  const { header: headerDaHeight, data: dataDaHeight } = daHeights(height)
  return ok({
    block: blockJson(block),
    ...(headerDaHeight === 0 ? {} : { headerDaHeight: String(headerDaHeight) }),
    ...(dataDaHeight === 0 ? {} : { dataDaHeight: String(dataDaHeight) }),
  })
}

function blockJson(block: SignedBlock): unknown {
  const { header, signature, signerPubKey, transactions, lastDataHash } = block
  const height = String(header.height)
  const signer = Buffer.from(signerPubKey, 'base64').subarray(4)
  return {
    header: {
      header: withoutEmpty({
        version: {},
        height,
        time: header.timeNs,
        lastHeaderHash: header.lastHeaderHash,
        dataHash: header.dataHash,
        appHash: header.appHash,
        proposerAddress: header.proposerAddress,
        chainId: header.chainId,
      }),
      signature,
      signer: { address: proposerAddressOf(signer), pubKey: signerPubKey },
    },
    data: {
      metadata: withoutEmpty({ chainId: header.chainId, height, time: header.timeNs, lastDataHash }),
      ...(transactions.length === 0 ? {} : { txs: transactions }),
    },
  }
}

function getMetadata({ node }: RpcSource, body: Record<string, unknown>): RpcAnswer {
  const key = String(body['key'])
  const value = node.store.counter(key)
  if (value === undefined)
    return {
      status: 404,
      body: {
        code: 'not_found',
        message: `failed to get metadata for key '${key}': datastore: key not found`,
      },
    }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return ok({ value: bytes.toString('base64') })
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

/** RFC 3339 with nanoseconds, trailing zeros left out. */
function rfc3339(timeNs: string): string {
  const ns = BigInt(timeNs)
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`
}

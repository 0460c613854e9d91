import { wholeOf } from './block.ts'
import { isObject, type Json } from './json.ts'

/** The node's whole state as the RPC tells it. */
export interface ChainState {
  readonly chainId: string
  readonly initialHeight: number
  readonly lastBlockHeight: number
  /** Milliseconds since 1970; NaN before the first block. */
  readonly lastBlockTimeMs: number
  readonly daHeight: number
  /** base64: the state root after lastBlockHeight. */
  readonly appHash: string
  /** base64; '' when the node does not tell. */
  readonly nextProposerAddress: string
}

/** The newest entry of one of the node's P2P stores. Its height may lead the block store's (evnode.md B 5.1). */
export interface StoreHead {
  readonly height: number
  /** base64. */
  readonly hash: string
  readonly timeMs: number
}

/** GetState, or undefined for another shape. */
export function stateIn({ state }: Json): ChainState | undefined {
  if (!isObject(state)) return undefined
  const initialHeight = wholeOf(state['initialHeight'])
  const lastBlockHeight = wholeOf(state['lastBlockHeight'])
  const daHeight = wholeOf(state['daHeight'])
  const chainId = state['chainId']
  if (initialHeight === undefined || lastBlockHeight === undefined || daHeight === undefined) return undefined
  if (typeof chainId !== 'string') return undefined
  return {
    chainId,
    initialHeight,
    lastBlockHeight,
    lastBlockTimeMs: Date.parse(String(state['lastBlockTime'])),
    daHeight,
    appHash: typeof state['appHash'] === 'string' ? state['appHash'] : '',
    nextProposerAddress: typeof state['nextProposerAddress'] === 'string' ? state['nextProposerAddress'] : '',
  }
}

/** GetP2PStoreInfo, or undefined for another shape. */
export function storesIn({ stores }: Json): { header: StoreHead; data: StoreHead } | undefined {
  if (!Array.isArray(stores)) return undefined
  const header = headOf(stores, 'Header Store')
  const data = headOf(stores, 'Data Store')
  return header === undefined || data === undefined ? undefined : { header, data }
}

function headOf(stores: readonly unknown[], label: string): StoreHead | undefined {
  const store = stores.find((one) => isObject(one) && one['label'] === label)
  const head = isObject(store) ? store['head'] : undefined
  if (!isObject(store)) return undefined
  // A store without entries has no head.
  if (!isObject(head)) return { height: 0, hash: '', timeMs: Number.NaN }
  const height = wholeOf(head['height'])
  if (height === undefined || typeof head['hash'] !== 'string') return undefined
  return { height, hash: head['hash'], timeMs: Date.parse(String(head['time'])) }
}

/** GetNamespace, or undefined for another shape. */
export function namespacesIn(answer: Json): { header: string; data: string } | undefined {
  const [header, data] = ['headerNamespace', 'dataNamespace'].map((name) => {
    const value = answer[name]
    const hex = typeof value === 'string' ? value.replace(/^0x/, '').toLowerCase() : ''
    return /^[0-9a-f]{58}$/.test(hex) ? hex : undefined
  })
  return header === undefined || data === undefined ? undefined : { header, data }
}

/** GetMetadata: eight bytes, little-endian (evnode.md B 5.1). */
export function counterIn({ value }: Json): number | undefined {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  return bytes.length === 8 ? Number(bytes.readBigUInt64LE()) : undefined
}

/** GetNetInfo, or undefined for another shape. */
export function netInfoIn({
  netInfo,
}: Json): { peerId: string; listenAddresses: readonly string[] } | undefined {
  if (!isObject(netInfo) || typeof netInfo['id'] !== 'string') return undefined
  const listed = Array.isArray(netInfo['listenAddresses']) ? netInfo['listenAddresses'] : []
  return { peerId: netInfo['id'], listenAddresses: listed.filter((one) => typeof one === 'string') }
}

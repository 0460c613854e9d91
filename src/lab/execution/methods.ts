import { type Block, blockHash, headerOf, quantity, transactionHash } from './block.ts'
import type { Chain } from './chain.ts'
import type { Pool } from './pool.ts'

/** What a client answers from. */
export interface Client {
  readonly chain: Chain
  readonly pool: Pool
  readonly chainId: number
  readonly version: string
}

/** An error as JSON-RPC tells it. */
export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export type Methods = Readonly<Record<string, (params: readonly unknown[]) => unknown>>

/** What everybody may ask; of ev-reth's own methods those that the node calls (evnode.md A7). */
export function ethMethods({ chain, pool, chainId, version }: Client): Methods {
  return {
    eth_chainId: () => quantity(chainId),
    net_version: () => String(chainId),
    web3_clientVersion: () => version,
    eth_syncing: () => false,
    eth_blockNumber: () => chain.head.number,
    eth_getBlockByNumber: ([tag, whole]) => told(named(chain, tag), whole === true),
    eth_getBlockByHash: ([hash, whole]) => {
      const block = chain.block(String(hash))
      return told(block !== undefined && chain.isPruned(block) ? undefined : block, whole === true)
    },
    eth_sendRawTransaction: ([transaction]) => pool.add(String(transaction)),
    debug_setHead: ([number]) => setHead(chain, Number(number)),
    txpool_status: () => ({ pending: quantity(pool.size), queued: '0x0' }),
    txpoolExt_getTxs: () => pool.all(),
  }
}

/** go-ethereum's: what was above is lost, as to a client that went down before it had written it. */
function setHead(chain: Chain, number: number): null {
  const block = chain.at(number)
  if (block === undefined) throw new RpcError(-32000, `no block ${number}`)
  const hash = blockHash(block)
  chain.choose({ head: hash, safe: hash, finalized: hash })
  return null
}

function named(chain: Chain, tag: unknown): Block | undefined {
  switch (tag) {
    case 'latest':
    case 'pending':
      return chain.head
    case 'safe':
    case 'finalized':
      return chain.block(chain.choice[tag])
    case 'earliest':
      return chain.genesis
    default:
      return chain.at(Number(tag))
  }
}

function told(block: Block | undefined, whole: boolean): unknown {
  if (block === undefined) return null
  const hash = blockHash(block)
  return {
    hash,
    ...headerOf(block),
    size: '0x400',
    uncles: [],
    withdrawals: [],
    transactions: block.transactions.map((input, index) =>
      whole
        ? {
            hash: transactionHash(input),
            blockHash: hash,
            blockNumber: block.number,
            input,
            transactionIndex: quantity(index),
          }
        : transactionHash(input),
    ),
  }
}

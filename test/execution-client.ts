// An execution client as far as evha asks one: JSON-RPC for everybody, the Engine API for who has the secret.
import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Methods } from '../src/lab/execution/methods.ts'
import { rpcServer } from '../src/lab/execution/server.ts'
import { tokenProblem } from '../src/lab/execution/token.ts'

export interface ExecutionClientOptions {
  /** Of the Engine API; 32 bytes in hex. */
  readonly secret: string
  readonly chainId?: number
  readonly version?: string
  /** Two clients with another word have another genesis. */
  readonly genesis?: string
  /** Where it listens; else anywhere on this machine. */
  readonly at?: { readonly ethUrl: string; readonly engineUrl: string }
  head(): number | Promise<number>
  /** Who gets the fees of its blocks. */
  readonly feeRecipient?: string
  /** What waits in its pool, numbers in hex. */
  readonly pool?: unknown
  /** Blocks it does not give although its head is above them. */
  readonly lost?: (number: number) => boolean
  /** The state after a block, hex with 0x. */
  stateRoot(number: number): string | Promise<string>
}

export interface RunningClient {
  readonly ethUrl: string
  readonly engineUrl: string
  readonly genesisHash: string
  close(): Promise<void>
}

export async function startExecutionClient(options: ExecutionClientOptions): Promise<RunningClient> {
  const { secret, chainId = 1234, version = 'Stand-in/v1.0.0', genesis = 'genesis' } = options
  const hashOf = (number: number) => `0x${createHash('sha256').update(`${genesis} ${number}`).digest('hex')}`
  const hex = (number: number) => `0x${number.toString(16)}`
  const block = async (number: number) =>
    number > (await options.head()) || options.lost?.(number) === true
      ? null
      : {
          number: hex(number),
          hash: hashOf(number),
          stateRoot: await options.stateRoot(number),
          ...(options.feeRecipient === undefined ? {} : { miner: options.feeRecipient }),
        }
  const methods: Methods = {
    eth_chainId: () => hex(chainId),
    eth_blockNumber: async () => hex(await options.head()),
    eth_getBlockByNumber: async ([number]) =>
      block(number === 'latest' ? await options.head() : Number(number)),
    txpool_status: () => options.pool ?? { pending: '0x0', queued: '0x0' },
    web3_clientVersion: () => version,
  }
  const engineMethods = { ...methods, engine_exchangeCapabilities: ([asked]: readonly unknown[]) => asked }
  const eth = await listening(rpcServer(methods), options.at?.ethUrl)
  const engine = await listening(
    rpcServer(engineMethods, ({ headers }) =>
      tokenProblem(headers.authorization, Buffer.from(secret, 'hex')),
    ),
    options.at?.engineUrl,
  )
  return {
    ethUrl: urlOf(eth),
    engineUrl: urlOf(engine),
    genesisHash: hashOf(0),
    close: async () => {
      const closing = [eth, engine].map((server) => new Promise((closed) => server.close(closed)))
      for (const server of [eth, engine]) server.closeAllConnections()
      await Promise.all(closing)
    },
  }
}

async function listening(server: Server, at = 'http://127.0.0.1:0'): Promise<Server> {
  const { hostname, port } = new URL(at)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(port), hostname, resolve)
  })
  return server
}

const urlOf = (server: Server) => {
  const { address, port } = server.address() as AddressInfo
  return `http://${address}:${port}`
}

// An execution client as far as evha asks one: JSON-RPC for everybody, the Engine API for who has the secret.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ExecutionClientOptions {
  /** Of the Engine API; 32 bytes in hex. */
  readonly secret: string
  readonly chainId?: number
  readonly version?: string
  /** Two clients with another word have another genesis. */
  readonly genesis?: string
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

/** A token is taken so many seconds of its moment off (the Engine API's authentication). */
const tokenSecondsMax = 60

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
  const methods: Readonly<Record<string, (params: readonly unknown[]) => unknown>> = {
    eth_chainId: () => hex(chainId),
    eth_blockNumber: async () => hex(await options.head()),
    eth_getBlockByNumber: async ([number]) =>
      block(number === 'latest' ? await options.head() : Number(number)),
    txpool_status: () => options.pool ?? { pending: '0x0', queued: '0x0' },
    web3_clientVersion: () => version,
  }
  const engineMethods = { ...methods, engine_exchangeCapabilities: ([asked]: readonly unknown[]) => asked }
  const eth = await listening(serving(methods, () => true))
  const engine = await listening(serving(engineMethods, (request) => isToken(request, secret)))
  return {
    ethUrl: urlOf(eth),
    engineUrl: urlOf(engine),
    genesisHash: hashOf(0),
    close: async () => {
      await Promise.all([eth, engine].map((server) => new Promise((closed) => server.close(closed))))
    },
  }
}

type Methods = Readonly<Record<string, (params: readonly unknown[]) => unknown>>

function serving(methods: Methods, lets: (request: IncomingMessage) => boolean): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (!lets(request)) {
      response.writeHead(401).end('missing or wrong token')
      return
    }
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
    const known = methods[method]
    const answer =
      known === undefined
        ? { error: { code: -32601, message: `the method ${method} does not exist/is not available` } }
        : { result: await known(params) }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  })
}

/** HS256 with this secret, and made just now. */
function isToken(request: IncomingMessage, secret: string): boolean {
  const [, head = '', claims = '', signature = ''] =
    /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(request.headers.authorization ?? '') ?? []
  if (head === '') return false
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const mac = createHmac('sha256', Buffer.from(secret, 'hex')).update(`${head}.${claims}`).digest()
  const given = Buffer.from(signature, 'base64url')
  return (
    read(head).alg === 'HS256' &&
    given.length === mac.length &&
    timingSafeEqual(given, mac) &&
    Math.abs(read(claims).iat - Date.now() / 1_000) <= tokenSecondsMax
  )
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { namespaceHexOf } from '../../evnode/da-namespace.ts'
import type { Genesis } from '../../evnode/genesis.ts'
import { NodeExit } from './exit-with.ts'
import type { Store } from './store.ts'

/** What the RPC tells of. */
export interface RpcSubject {
  readonly store: Store
  readonly genesis: Genesis
  readonly daNamespace: string
  readonly peerId: string
  readonly listenAddress: string
  /** null on a single sequencer. */
  role(): { readonly isLeader: boolean; readonly nodeId: string } | null
}

const bodyBytesMax = 64 * 1024

/** Opens the node's RPC: Connect's JSON and the health pages, answers as recorded. */
export function openRpc(address: { host: string; port: number }, subject: RpcSubject): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, subject))
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new NodeExit(`listen tcp ${address.host}:${address.port}: ${error.message}`)),
    )
    server.listen(address.port, address.host, () => resolve(server))
  })
}

export function closeRpc(server: Server | undefined): void {
  server?.closeAllConnections()
  server?.close()
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  subject: RpcSubject,
): Promise<void> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > bodyBytesMax) return void request.destroy()
  }
  const path = request.url ?? ''
  if (path === '/raft/node') return raftNode(request, response, subject)
  if (path === '/health/live') return plain(response, 'OK\n')
  if (path === '/health/ready')
    return plain(
      response,
      subject.store.height > 0 ? 'READY\n' : 'UNREADY: no block yet\n',
      subject.store.height > 0 ? 200 : 503,
    )
  const method = methods[path.replace('/evnode.v1.', '')]
  if (method === undefined) return plain(response, '404 page not found\n', 404)
  const reply = method(subject, JSON.parse(text === '' ? '{}' : text) as Record<string, string>)
  response.statusCode = reply === undefined ? 500 : 200
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(reply ?? missing))
}

/** A node without Raft dies on a nil pointer in this handler: the caller sees an empty reply (evnode.md A6). */
function raftNode(request: IncomingMessage, response: ServerResponse, subject: RpcSubject): void {
  const role = subject.role()
  if (role === null) return void request.socket.destroy()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ is_leader: role.isLeader, node_id: role.nodeId }))
}

function plain(response: ServerResponse, text: string, status = 200): void {
  response.statusCode = status
  response.end(text)
}

const missing = {
  code: 'internal',
  message: 'failed to retrieve block data: load block header: datastore: key not found',
}

type Method = (subject: RpcSubject, body: Readonly<Record<string, string>>) => unknown

/** Zero values are left out, 64-bit numbers are text (evnode.md B 5.1). */
const methods: Readonly<Record<string, Method>> = {
  'StoreService/GetState': ({ store, genesis }) => ({
    state: {
      version: {},
      chainId: genesis.chainId,
      initialHeight: String(genesis.initialHeight),
      ...(store.height === 0
        ? {}
        : { lastBlockHeight: String(store.height), lastBlockTime: timeOf(store, store.height) }),
      daHeight: '1',
      nextProposerAddress: genesis.proposerAddress,
    },
  }),
  'StoreService/GetP2PStoreInfo': ({ store }) => ({
    stores: ['Header Store', 'Data Store'].map((label) =>
      store.height === 0
        ? { label }
        : {
            label,
            height: String(store.height),
            head: {
              height: String(store.height),
              hash: store.hash(store.height),
              time: timeOf(store, store.height),
            },
          },
    ),
  }),
  'StoreService/GetBlock': ({ store }, body) => {
    const asked = Number(body['height'] ?? '0')
    const block = store.block(asked === 0 ? store.height : asked)
    if (block === undefined) return undefined
    const { height, timeNs, chainId, proposerAddress, lastHeaderHash, dataHash, appHash } = block.header
    const given = (value: string, name: string) => (value === '' ? {} : { [name]: value })
    return {
      block: {
        header: {
          header: {
            version: {},
            height: String(height),
            time: timeNs,
            ...given(lastHeaderHash, 'lastHeaderHash'),
            dataHash,
            ...given(appHash, 'appHash'),
            proposerAddress,
            chainId,
          },
          signature: block.signature,
          signer: { address: proposerAddress, pubKey: block.pubKey },
        },
        data: { metadata: { chainId, height: String(height), time: timeNs } },
      },
      headerDaHeight: '1',
      dataDaHeight: '1',
    }
  },
  'StoreService/GetMetadata': ({ store }, body) => {
    if (body['key'] !== 'last-submitted-header-height' || store.submitted === 0) return undefined
    const value = Buffer.alloc(8)
    value.writeBigUInt64LE(BigInt(store.submitted))
    return { value: value.toString('base64') }
  },
  'ConfigService/GetNamespace': ({ daNamespace }) => {
    const namespace = `0x${namespaceHexOf(daNamespace)}`
    return { headerNamespace: namespace, dataNamespace: namespace }
  },
  'ConfigService/GetSignerInfo': ({ genesis }) => ({ address: genesis.proposerAddress }),
  'P2PService/GetNetInfo': ({ peerId, listenAddress }) => ({
    netInfo: { id: peerId, listenAddresses: [`${listenAddress}/p2p/${peerId}`] },
  }),
}

function timeOf(store: Store, height: number): string {
  const timeNs = BigInt(store.block(height)?.header.timeNs ?? '0')
  const nanos = String(timeNs % 1_000_000_000n).padStart(9, '0')
  return new Date(Number(timeNs / 1_000_000_000n) * 1000).toISOString().replace(/\.\d+Z$/, `.${nanos}Z`)
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { objectOr } from '../../../evnode/json.ts'
import { listening, textBody } from './http.ts'
import { type RpcSource, rpcMethods } from './rpc-answers.ts'

/** Role in the cluster; undefined on a single sequencer. */
export type RoleOf = () => { readonly isLeader: boolean; readonly nodeId: string }

export interface RpcServer {
  close(): void
}

export interface RpcOptions {
  readonly address: { readonly host: string; readonly port: number }
  readonly source: RpcSource
  readonly role: RoleOf | undefined
  /** '' when ready, else why not. */
  readonly unready: () => string
}

/** Opens the RPC listener: Connect over HTTP, health and role (evnode.md B 5.1, B 5.2). Rejects when it can not listen. */
export async function startRpc(options: RpcOptions): Promise<RpcServer> {
  const server: Server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.destroy())
  })
  await listening(server, options.address)
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  options: RpcOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (path === '/raft/node') return answerRole(options.role, request, response)
  if (path === '/health/live') return plain(response, 200, 'OK\n')
  if (path === '/health/ready') {
    const why = options.unready()
    return why === '' ? plain(response, 200, 'READY\n') : plain(response, 503, `UNREADY: ${why}\n`)
  }
  const method = rpcMethods[path.replace(/^\/evnode\.v1\./, '')]
  if (method === undefined || !path.startsWith('/evnode.v1.'))
    return plain(response, 404, '404 page not found\n')
  if (request.method !== 'POST') return plain(response, 405, '')
  const body = objectOr((await textBody(request)) || '{}')
  const { status, body: said } =
    body === undefined
      ? { status: 400, body: { code: 'invalid_argument', message: 'unmarshal message: invalid JSON' } }
      : method(options.source, body)
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(said))
}

/** Without Raft the real node panics on a nil pointer here: the connection ends without a byte (evnode.md A6). */
function answerRole(role: RoleOf | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (role === undefined) {
    request.socket.destroy()
    return
  }
  const { isLeader, nodeId } = role()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify({ is_leader: isLeader, node_id: nodeId })}\n`)
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}

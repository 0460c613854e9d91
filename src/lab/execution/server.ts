import { createServer, type IncomingMessage, type Server } from 'node:http'
import { isObject } from '../../evnode/json.ts'
import { textBody } from '../standin/rpc/http.ts'
import { type Methods, RpcError } from './methods.ts'

/** JSON-RPC over HTTP. `refusal` tells why a request is turned away with 401, before it is looked at. */
export function rpcServer(
  methods: Methods,
  refusal: (request: IncomingMessage) => string | undefined = () => undefined,
): Server {
  const server = createServer(async (request, response) => {
    try {
      const text = await textBody(request)
      const why = refusal(request)
      if (why !== undefined) {
        response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8' }).end(`${why}\n`)
        return
      }
      const asked: unknown = JSON.parse(text)
      const answer = Array.isArray(asked)
        ? await Promise.all(asked.map((one) => answerOf(methods, one)))
        : await answerOf(methods, asked)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    } catch {
      response.writeHead(400).end()
    }
  })
  // It is the asking side that lets go of an idle connection: closed here, on a busy machine a question is sent into it.
  server.keepAliveTimeout = 0
  return server
}

async function answerOf(methods: Methods, asked: unknown): Promise<unknown> {
  const { id = null, method = '', params = [] } = isObject(asked) ? asked : {}
  const name = String(method)
  try {
    const known = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (known === undefined) throw new RpcError(-32601, `the method ${name} does not exist/is not available`)
    return { jsonrpc: '2.0', id, result: (await known(Array.isArray(params) ? params : [])) ?? null }
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return { jsonrpc: '2.0', id, error: { code: thrown instanceof RpcError ? thrown.code : -32000, message } }
  }
}

// Both ports of an ev-reth, with a go-ethereum behind them.
import { createServer, type Server, type ServerResponse } from 'node:http'
import { isObject } from '../../src/evnode/json.ts'
import { RpcError } from '../../src/lab/execution/methods.ts'
import { textBody } from '../../src/lab/standin/rpc/http.ts'
import { type Call, Translation } from './translation.ts'

/** go-ethereum turned the request away before it looked at it: 401 for a token it does not take. */
class Refused extends Error {
  readonly status: number

  constructor(status: number, body: string) {
    super(body)
    this.status = status
  }
}

export interface Exchange {
  readonly method: string
  readonly params: readonly unknown[]
  readonly answer: unknown
}

/** The servers of both ports, not listening yet. `heard` is told of each exchange with go-ethereum. */
export function proxyServers(
  to: { readonly ethUrl: string; readonly engineUrl: string },
  heard: (exchange: Exchange) => void = () => undefined,
): { eth: Server; engine: Server } {
  const translation = new Translation(asking(to.ethUrl, undefined, heard))
  return {
    eth: serving(() => (method, params) => translation.eth(method, params)),
    engine: serving((token) => (method, params) => {
      const engine = asking(to.engineUrl, token, heard)
      return translation.engine(method, params, engine)
    }),
  }
}

function serving(answering: (authorization: string | undefined) => Call): Server {
  const server = createServer(async (request, response) => {
    try {
      const asked: unknown = JSON.parse(await textBody(request))
      const call = answering(request.headers.authorization)
      const answer = Array.isArray(asked)
        ? await Promise.all(asked.map((one) => answerOf(call, one)))
        : await answerOf(call, asked)
      end(response, 200, 'application/json', JSON.stringify(answer))
    } catch (thrown) {
      if (thrown instanceof Refused) end(response, thrown.status, 'text/plain; charset=utf-8', thrown.message)
      else end(response, 502, 'text/plain; charset=utf-8', String(thrown))
    }
  })
  // As a client does, which leaves it to the asking side: the node asks into a connection that is closed here, and waits 10 s after that.
  server.keepAliveTimeout = 0
  return server
}

const end = (response: ServerResponse, status: number, type: string, body: string) =>
  response.writeHead(status, { 'content-type': type }).end(body)

async function answerOf(call: Call, asked: unknown): Promise<unknown> {
  const { id = null, method = '', params = [] } = isObject(asked) ? asked : {}
  try {
    return { jsonrpc: '2.0', id, result: await call(String(method), Array.isArray(params) ? params : []) }
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown
    return { jsonrpc: '2.0', id, error: { code: thrown.code, message: thrown.message } }
  }
}

/** Questions to one port of go-ethereum. */
function asking(url: string, authorization: string | undefined, heard: (exchange: Exchange) => void): Call {
  return async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const text = await response.text()
    if (response.status !== 200) throw new Refused(response.status, text)
    const answer: unknown = JSON.parse(text)
    heard({ method, params, answer })
    if (!isObject(answer)) throw new Error(`go-ethereum answered ${text.slice(0, 200)}`)
    const { error } = answer
    if (isObject(error)) throw new RpcError(Number(error['code']), String(error['message']))
    return answer['result']
  }
}

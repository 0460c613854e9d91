import { createServer } from 'node:http'
import type { Node } from '../chain/node.ts'
import { goErrorText, NodeFailure } from '../failure.ts'
import { hostPortOf, listening, textBody } from './http.ts'

/** The test application's own endpoint: `POST /tx` with `key=value`, `GET /kv?key=…`. Opened when the flag names it. */
export async function startKvEndpoint(node: Node): Promise<{ close(): void } | undefined> {
  const { settings, log, mempool, kv, environment } = node
  const address = hostPortOf(settings.kvEndpoint)
  if (kv === undefined || settings.kvEndpoint === '' || environment.privateNetwork) return undefined
  if (address === undefined)
    throw new NodeFailure(`failed to start KV executor HTTP server: ${settings.kvEndpoint}`)
  log.plain(`KV Executor HTTP server starting on ${settings.kvEndpoint}`)
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://node')
    const say = (status: number, text: string) => response.writeHead(status).end(text)
    if (url.pathname === '/tx' && request.method === 'POST') {
      textBody(request).then(
        (text) =>
          mempool.add(Buffer.from(text))
            ? say(202, 'Transaction accepted')
            : say(503, 'Transaction queue is full'),
        () => response.destroy(),
      )
      return
    }
    const value = url.pathname === '/kv' ? kv.get(url.searchParams.get('key') ?? '') : undefined
    if (value === undefined) say(404, 'not found')
    else say(200, value)
  })
  try {
    await listening(server, address)
  } catch (thrown) {
    throw new NodeFailure(
      `failed to start KV executor HTTP server: listen tcp ${settings.kvEndpoint}: ${goErrorText(thrown)}`,
    )
  }
  log.info('KV executor HTTP server started', { endpoint: settings.kvEndpoint })
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

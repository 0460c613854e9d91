import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface DaOptions {
  readonly host: string
  readonly port: number
  readonly blockTimeMs: number
  readonly logFile: string
}

interface Blob {
  readonly namespace: string
  readonly data: string
}

const requestBytesMax = 16 * 1024 * 1024

/**
 * A stand-in for DA: keeps blobs in memory by height, one height a block time, and speaks the JSON-RPC the node and
 * evha use (evnode.md A6): header.LocalHead, blob.GetAll, blob.Submit. The same blob may be submitted twice.
 */
export async function startDa({
  host,
  port,
  blockTimeMs,
  logFile,
}: DaOptions): Promise<{ close(): Promise<void> }> {
  const heights: Blob[][] = [[], []]
  const ticking = setInterval(() => heights.push([]), blockTimeMs)
  const call = (method: unknown, params: readonly unknown[]): unknown => {
    if (method === 'header.LocalHead') return { height: heights.length - 1 }
    if (method === 'blob.GetAll')
      return getAll(heights, Number(params[0]), (params[1] as string[] | undefined) ?? [])
    if (method === 'blob.Submit') {
      const blobs = (params[0] as Blob[] | undefined) ?? []
      heights.at(-1)?.push(...blobs)
      appendFileSync(
        logFile,
        `${new Date().toISOString()} height ${heights.length - 1}: ${blobs.length} blobs\n`,
      )
      return heights.length - 1
    }
    throw new Error(`unknown method ${String(method)}`)
  }
  const server = createServer((request, response) => void answer(request, response, call))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  return {
    close: () =>
      new Promise((resolve) => {
        clearInterval(ticking)
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function getAll(heights: readonly Blob[][], height: number, namespaces: readonly string[]): unknown {
  const found = (heights[height] ?? []).filter((blob) => namespaces.includes(blob.namespace))
  if (found.length === 0) throw new Error('blob: not found')
  return found.map(({ namespace, data }) => ({
    namespace,
    data,
    share_version: 0,
    commitment: '',
    index: -1,
  }))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  call: (method: unknown, params: readonly unknown[]) => unknown,
): Promise<void> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > requestBytesMax) break
  }
  response.setHeader('content-type', 'application/json')
  try {
    const { id, method, params } = JSON.parse(text) as { id: unknown; method: unknown; params?: unknown[] }
    try {
      response.end(JSON.stringify({ id, jsonrpc: '2.0', result: call(method, params ?? []) }))
    } catch (error) {
      response.end(
        JSON.stringify({ id, jsonrpc: '2.0', error: { code: 1, message: (error as Error).message } }),
      )
    }
  } catch {
    response.statusCode = 400
    response.end()
  }
}

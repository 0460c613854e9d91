import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'

export interface DaOptions {
  readonly host: string
  readonly port: number
  readonly blockTimeMs: number
  /** One line for each submission. */
  readonly logFile: string
}

export interface Da {
  /** The newest height. */
  readonly head: () => number
  readonly port: number
  /** Holds answers back while true, as an unreachable DA would. */
  silent: boolean
  close(): Promise<void>
}

interface Blob {
  readonly namespace: string
  readonly data: string
  readonly share_version: number
  readonly commitment: string
  readonly index: number
}

const requestBytesMax = 64 * 1024 * 1024
/** Ten days of blocks of one second; older ones are forgotten. */
const heightsKept = 864_000

class Refusal extends Error {}

/** A stand-in for DA: JSON-RPC as the real local one answers, a block each blockTimeMs, all in memory (evnode.md A6, B 11). */
export async function startDa({ host, port, blockTimeMs, logFile }: DaOptions): Promise<Da> {
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  const note = (text: string) => log.write(`${new Date().toISOString()} ${text}\n`)
  const blocks = new Map<number, Blob[]>()
  let head = 1
  const ticking = setInterval(() => {
    head += 1
    blocks.delete(head - heightsKept)
  }, blockTimeMs)

  function submit(params: readonly unknown[]): number {
    const [blobs] = params
    if (!Array.isArray(blobs) || blobs.length === 0) throw new Refusal('blob: no blobs provided')
    // It stands in the block that is being made, visible when DA's head gets there.
    const height = head + 1
    const taken = blocks.get(height) ?? []
    for (const { namespace, data } of blobs as { namespace: string; data: string }[]) {
      const commitment = createHash('sha256').update(data).digest('base64')
      taken.push({ namespace, data, share_version: 0, commitment, index: -1 })
    }
    blocks.set(height, taken)
    note(`blob.Submit ${blobs.length} blobs at height ${height}`)
    return height
  }

  function getAll(params: readonly unknown[]): readonly Blob[] {
    const height = Number(params[0])
    const wanted = Array.isArray(params[1]) ? params[1] : []
    if (!Number.isSafeInteger(height)) throw new Refusal('invalid height')
    if (height > head) throw new Refusal('given height is from the future')
    const found = (blocks.get(height) ?? []).filter(({ namespace }) => wanted.includes(namespace))
    if (found.length === 0) throw new Refusal('blob: not found')
    return found
  }

  function call(method: unknown, params: readonly unknown[]): unknown {
    switch (method) {
      case 'header.LocalHead':
      case 'header.NetworkHead':
        return {
          header: { chain_id: '', height: 0, time: '0001-01-01T00:00:00Z' },
          commit: { height: 0 },
          dah: { row_roots: null, column_roots: null },
          height: String(head),
          chain_id: 'local-da',
          time: new Date().toISOString(),
        }
      case 'blob.GetAll':
        return getAll(params)
      case 'blob.Submit':
        return submit(params)
      default:
        throw new Refusal(`method '${String(method)}' not found`)
    }
  }

  const da = { silent: false }
  const server = createServer((request, response) => {
    bodyOf(request).then(
      (text) => {
        if (da.silent) return
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answerTo(text, call)))
      },
      () => response.destroy(),
    )
  })
  // It is the asking side that lets go of an idle connection: closed here, on a busy machine a question is sent into it.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  note(`stand-in for DA on ${host}:${bound}`)
  return Object.assign(da, {
    head: () => head,
    port: bound,
    close: async () => {
      clearInterval(ticking)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await new Promise<void>((resolve) => log.end(resolve))
    },
  })
}

function answerTo(text: string, call: (method: unknown, params: readonly unknown[]) => unknown): unknown {
  let id: unknown = null
  try {
    const request = JSON.parse(text) as Record<string, unknown>
    id = request['id'] ?? null
    const params = Array.isArray(request['params']) ? request['params'] : []
    return { id, jsonrpc: '2.0', result: call(request['method'], params) }
  } catch (thrown) {
    const message = thrown instanceof Refusal ? thrown.message : 'parse error'
    return { id, jsonrpc: '2.0', error: { code: thrown instanceof Refusal ? 1 : -32700, message } }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const data = Buffer.from(chunk as Uint8Array)
    bytes += data.length
    if (bytes > requestBytesMax) throw new Error('the request is too long')
    chunks.push(data)
  }
  return Buffer.concat(chunks).toString()
}

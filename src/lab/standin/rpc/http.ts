import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server } from 'node:net'

const bodyBytesMax = 8 * 1024 * 1024

/** Listens, on loopback where the address means every interface: a stand-in is never reachable from outside. */
export function listening(
  server: Server | HttpServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, loopbackFor(host), () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** 127.0.0.1 for the addresses that mean every interface. */
export function loopbackFor(host: string): string {
  return ['', '0.0.0.0', '::', '[::]'].includes(host) ? '127.0.0.1' : host
}

/** A request's body as text. Rejects when it is too long. */
export async function textBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const data = Buffer.from(chunk as Uint8Array)
    bytes += data.length
    if (bytes > bodyBytesMax) throw new Error('the body is too long')
    chunks.push(data)
  }
  return Buffer.concat(chunks).toString()
}

/** `host:port` in its parts; undefined when it is none. */
export function hostPortOf(address: string): { host: string; port: number } | undefined {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  return port === '' ? undefined : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

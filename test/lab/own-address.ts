import { once } from 'node:events'
import { createServer } from 'node:net'

let next = 2 + (process.pid % 200)

/**
 * A loopback address nobody else of this process uses. On 127.0.0.1 every connection of this machine takes one of the ports
 * that were free a moment ago; on a busy one that happens between a look and the listening.
 */
export function ownAddress(): string {
  next += 1
  return `127.${10 + (process.pid % 100)}.0.${1 + (next % 250)}`
}

export async function freePorts(host: string, count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, host)
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

import { readdirSync, readFileSync } from 'node:fs'

/**
 * Processes that carry a lab's mark in their environment: its socket, and the name of a host where one is given.
 * How the lab finds what it started, detached commands among it, and nothing else.
 */
export function processesMarked(socket: string, host?: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      const env = environmentOf(pid)
      return (
        env.includes(`EVHA_LAB_SOCKET=${socket}`) &&
        (host === undefined || env.includes(`EVHA_LAB_HOST=${host}`))
      )
    })
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

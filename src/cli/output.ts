import { writeSync } from 'node:fs'

/** Data goes to stdout. Written synchronously: a pipe must have all of it before the process exits. */
export function tellData(text: string): void {
  writeAll(1, text)
}

/** Talk goes to stderr. */
export function talk(text: string): void {
  writeAll(2, text)
}

export function tellJson(value: unknown): void {
  tellData(`${JSON.stringify(value, null, 2)}\n`)
}

/** A pipe that is full says EAGAIN; a reader that is gone is no reason to stop a migration. */
function writeAll(fd: 1 | 2, text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw error
    }
  }
}

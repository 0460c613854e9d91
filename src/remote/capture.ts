import type { Readable } from 'node:stream'

/** What was kept of a stream. */
export interface Captured {
  text(): string
  readonly truncated: boolean
  /** Adds bytes; what goes beyond the limit is dropped. */
  add(bytes: Buffer): void
}

/** Keeps the first `bytesMax` bytes and counts the rest as dropped. */
export function capture(bytesMax: number): Captured {
  const kept: Buffer[] = []
  let size = 0
  let truncated = false
  return {
    text: () => Buffer.concat(kept).toString('utf8'),
    get truncated() {
      return truncated
    },
    add(bytes) {
      const room = bytesMax - size
      if (bytes.length > room) truncated = true
      if (room <= 0) return
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes
      kept.push(part)
      size += part.length
    },
  }
}

/** Reads a stream to its end into `captured`; a stream nobody reads would keep its channel open for ever. */
export function drain(stream: Readable, captured: Captured): void {
  stream.on('data', (bytes: Buffer) => captured.add(bytes))
  stream.on('error', () => {
    // The channel's close tells how it ended.
  })
}

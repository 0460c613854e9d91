import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

/** Longer lines are cut: a node writes none of this length. */
const lineBytesMax = 64 * 1024

/** Hands a file, or stdin for `-`, to `onLine` line by line; never more than one line of it is in memory. */
export async function eachLine(path: string, onLine: (line: string) => void): Promise<void> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path)
  let parts: Buffer[] = []
  let bytes = 0
  const take = (piece: Buffer) => {
    const room = lineBytesMax - bytes
    // A copy: a slice would keep the whole chunk it was cut from.
    if (room > 0) parts.push(Buffer.from(piece.subarray(0, room)))
    bytes += piece.length
  }
  const end = () => {
    if (bytes > 0) onLine(Buffer.concat(parts).toString('utf8'))
    parts = []
    bytes = 0
  }
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, at))
      end()
      from = at + 1
    }
    take(chunk.subarray(from))
  }
  end()
}

import type { Readable } from 'node:stream'

/** Calls `take` for each whole line of a stream. (readline would raise the stream's errors a second time.) */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

import type { Readable, Writable } from 'node:stream'
import type { ServerChannel } from 'ssh2'

/** What ssh2 remembers of a chunk that waited for room, and does not forget when it was sent. */
const nothingWaits = { _chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined }

/** Resolves once everything that was written until now is sent, or the channel is closed. */
export type Sent = () => Promise<void>

/**
 * Sends both outputs of a process over its channel, one chunk at a time. ssh2's server (1.17.0) keeps one waiting chunk for
 * each output and never forgets it: when the client makes room (CHANNEL_WINDOW_ADJUST) it looks at stdout's first. With both
 * waiting stderr's is forgotten and the process stands still; with an old one left stdout's is sent again, and the channel dies.
 * After the channel's close what comes is read and dropped, so that the process does not block.
 */
export function sendOutputs(stdout: Readable, stderr: Readable, channel: ServerChannel): Sent {
  let turn = Promise.resolve()
  let closed = false
  const gone = new Promise<void>((resolve) => {
    channel.once('close', () => {
      closed = true
      stdout.resume()
      stderr.resume()
      resolve()
    })
  })
  const send = (from: Readable, to: Writable): void => {
    from.on('data', (bytes: Buffer) => {
      if (closed) return
      from.pause()
      turn = turn.then(async () => {
        const written = new Promise<void>((resolve) => to.write(bytes, () => resolve()))
        await Promise.race([written, gone])
        Object.assign(channel, nothingWaits)
        from.resume()
      })
    })
  }
  send(stdout, channel)
  send(stderr, channel.stderr)
  return () => turn
}

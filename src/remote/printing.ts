import { PassThrough, Readable } from 'node:stream'
import type { Command } from '../base/command.ts'
import type { Finished, Remote, Running } from './remote.ts'
import { sendCommand } from './send.ts'

const done: Finished = {
  kind: 'finished',
  exitCode: 0,
  stdout: '',
  stderr: '',
  truncated: false,
  durationMs: 0,
}

/**
 * The same host for a dry run: what changes nothing is really run, what changes something is handed to `print`
 * and counts as done without output. A file to be sent arrives there as the command that would lay it.
 */
export function printing(remote: Remote, print: (host: string, command: Command) => void): Remote {
  const only = (command: Command): Finished => {
    print(remote.name, command)
    return done
  }
  return {
    name: remote.name,
    run: async (command, signal) => (command.mutates ? only(command) : remote.run(command, signal)),
    async stream(command, signal): Promise<Running> {
      if (!command.mutates) return remote.stream(command, signal)
      only(command)
      const stdin = new PassThrough()
      stdin.resume()
      const ended = new Promise<Finished>((resolve) => stdin.once('finish', () => resolve(done)))
      return {
        stdin,
        stdout: Readable.from([]),
        done: command.stdin === undefined ? ended : Promise.resolve(done),
      }
    },
    send: async (file, path) => only(sendCommand(file, path)),
    tunnel: (to) => remote.tunnel(to),
    close: () => remote.close(),
  }
}

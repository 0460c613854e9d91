import { PassThrough, Readable } from 'node:stream'
import type { Command } from '../base/command.ts'
import { Secret } from '../base/secret.ts'
import type { FileToSend, Finished, Outcome, Remote, Running } from './remote.ts'
import { render } from './render.ts'
import { sendCommand } from './send.ts'
import { untouched } from './untouched.ts'

/** How a command that was only printed counts: it ended well and said nothing. */
export const printed: Finished = {
  kind: 'finished',
  exitCode: 0,
  stdout: '',
  stderr: '',
  truncated: false,
  durationMs: 0,
}

/**
 * The same host for a dry run: what changes nothing is really run, once, since nothing changes; what changes
 * something is handed to `print` and counts as done without output. A file to be sent arrives there as the command
 * that would lay it, and is what a later `cat` of its path reads.
 */
export function printing(remote: Remote, print: (host: string, command: Command) => void): Remote {
  const sent = new Map<string, string>()
  const answers = new Map<string, Promise<Outcome>>()
  const only = (command: Command): Finished => {
    print(remote.name, command)
    return printed
  }
  const asked = (command: Command, signal?: AbortSignal): Promise<Outcome> => {
    const file = catOf(command)
    const text = file === null ? undefined : sent.get(file)
    if (text !== undefined) return Promise.resolve({ ...printed, stdout: text })
    const key = render(command)
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = remote.run(command, signal)
    if (command.stdin === undefined) answers.set(key, answer)
    return answer
  }
  return {
    ...untouched(remote),
    run: async (command, signal) => (command.mutates ? only(command) : asked(command, signal)),
    async stream(command, signal): Promise<Running> {
      if (!command.mutates) return remote.stream(command, signal)
      only(command)
      const stdin = new PassThrough()
      stdin.resume()
      const ended = new Promise<Finished>((resolve) => stdin.once('finish', () => resolve(printed)))
      return {
        stdin,
        stdout: Readable.from([]),
        done: command.stdin === undefined ? ended : Promise.resolve(printed),
      }
    },
    send: async (file, path) => {
      const text = textOf(file)
      if (text !== null) sent.set(path, text)
      return only(sendCommand(file, path))
    },
  }
}

/** The path of a plain `cat -- PATH`; null for every other command. */
function catOf({ argv }: Command): string | null {
  const [name, dashes, path, more] = argv
  return name === 'cat' && dashes === '--' && more === undefined ? (path ?? null) : null
}

/** A secret is not kept for a later look. */
const textOf = ({ content }: FileToSend): string | null =>
  content instanceof Secret ? null : content.toString()

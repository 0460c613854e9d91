import { PassThrough, Readable } from 'node:stream'
import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import type { FileToSend, Finished, Outcome, Remote } from './remote.ts'

/** What a test wants a command to answer; left-out fields are those of a quiet success. */
export type Answer = Partial<Omit<Finished, 'kind'>> | (Outcome & { readonly kind: 'unknown' })

/** A Remote without a host, for tests: it remembers what it was asked and gives canned answers. */
export interface Recording extends Remote {
  readonly commands: readonly Command[]
  readonly sent: readonly { readonly path: string; readonly file: FileToSend }[]
}

/** `answer` may throw EvhaError, as a real host does when it cannot be reached. */
export function recording(name: string, answer: (command: Command) => Answer = () => ({})): Recording {
  const commands: Command[] = []
  const sent: { path: string; file: FileToSend }[] = []
  const outcomeOf = (command: Command): Outcome => {
    commands.push(command)
    const given = answer(command)
    if ('why' in given) return given
    return {
      kind: 'finished',
      exitCode: 0,
      stdout: '',
      stderr: '',
      truncated: false,
      durationMs: 0,
      ...given,
    }
  }
  return {
    name,
    commands,
    sent,
    run: async (command, signal) => (signal?.aborted === true ? aborted(name) : outcomeOf(command)),
    async stream(command) {
      const outcome = outcomeOf(command)
      const stdin = new PassThrough()
      stdin.resume()
      const ended = new Promise<Outcome>((resolve) => stdin.once('finish', () => resolve(outcome)))
      const text = outcome.kind === 'finished' ? outcome.stdout : ''
      const stdout = Readable.from(text === '' ? [] : [Buffer.from(text)])
      return { stdin, stdout, done: command.stdin === undefined ? ended : Promise.resolve(outcome) }
    },
    async send(file, path) {
      sent.push({ path, file })
      return { kind: 'finished', exitCode: 0, stdout: '', stderr: '', truncated: false, durationMs: 0 }
    },
    async tunnel(to) {
      throw new EvhaError({
        kind: 'unreachable',
        message: `${name} does not get through to ${to.host}:${to.port}: it is only recorded`,
        changedAnything: 'no',
        retryable: false,
        hint: 'give the test a real stream',
      })
    },
    sshd: async () => ({ port: 22, hostKey: 'ssh-ed25519 AAAA' }),
    async close() {},
  }
}

function aborted(name: string): Outcome {
  return { kind: 'unknown', why: 'aborted', message: `${name}: stopped before it started`, durationMs: 0 }
}

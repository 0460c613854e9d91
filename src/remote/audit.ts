import type { Command } from '../base/command.ts'
import { type Failure, failureOf } from '../base/errors.ts'
import type { FileToSend, Outcome, Remote, Running } from './remote.ts'
import { renderRedacted } from './render.ts'
import { sendCommand } from './send.ts'

/** One command and how it ended, fit for a log: stdin never, the output of a sensitive command never. */
export interface AuditEntry {
  readonly host: string
  readonly says: string
  /** The command as text, redacted. */
  readonly text: string
  readonly mutates: boolean
  readonly outcome: Outcome | { readonly kind: 'failed'; readonly failure: Failure }
}

/** The same host; `note` hears of every command once it is over. */
export function audit(remote: Remote, note: (entry: AuditEntry) => void): Remote {
  const noted = async (command: Command, doing: Promise<Outcome>): Promise<Outcome> => {
    const { says, mutates } = command
    const entry = { host: remote.name, says, text: renderRedacted(command), mutates }
    try {
      const outcome = await doing
      note({ ...entry, outcome: redacted(command, outcome) })
      return outcome
    } catch (error) {
      note({ ...entry, outcome: { kind: 'failed', failure: failureOf(error) } })
      throw error
    }
  }
  return {
    name: remote.name,
    run: (command, signal) => noted(command, remote.run(command, signal)),
    async stream(command, signal): Promise<Running> {
      const opening = remote.stream(command, signal)
      const done = noted(
        command,
        opening.then((running) => running.done),
      )
      done.catch(() => {
        // Whoever awaits `done`, or the opening itself, sees it.
      })
      const { stdin, stdout } = await opening
      return { stdin, stdout, done }
    },
    send: (file: FileToSend, path: string, signal) =>
      noted(sendCommand(file, path), remote.send(file, path, signal)),
    tunnel: (to) => remote.tunnel(to),
    close: () => remote.close(),
  }
}

function redacted(command: Command, outcome: Outcome): Outcome {
  if (command.sensitive !== true || outcome.kind === 'unknown') return outcome
  return { ...outcome, stdout: '[redacted]', stderr: '[redacted]' }
}

import type { Command } from '../base/command.ts'
import { failureOf } from '../base/errors.ts'
import type { FileToSend, Outcome, Remote, Running } from './remote.ts'
import { renderRedacted } from './render.ts'
import { sendCommand } from './send.ts'
import { untouched } from './untouched.ts'

/** One command and how it ended, fit for a log: no stdin and no output, as either may hold a secret. */
export interface AuditEntry {
  readonly host: string
  /** What the command is for. */
  readonly says: string
  /** The command as text, redacted. */
  readonly text: string
  readonly mutates: boolean
  readonly durationMs: number
  /** The exit code; null when a signal ended it; `unknown` when its end was not seen. */
  readonly exit: number | null | 'unknown'
  readonly signal?: string
  /** Why the end is unknown, or why no connection was made. */
  readonly why?: string
}

/** The same host; `note` hears of every command once it is over; of one that is repeated often, its first time and its failures. */
export function audited(remote: Remote, note: (entry: AuditEntry) => void): Remote {
  const oftenNoted = new Set<string>()
  const isKept = ({ often, says }: Command, outcome: Outcome): boolean => {
    if (often !== true) return true
    const first = !oftenNoted.has(says)
    oftenNoted.add(says)
    return first || outcome.kind === 'unknown' || outcome.exitCode !== 0
  }
  const noted = async (command: Command, doing: Promise<Outcome>): Promise<Outcome> => {
    const startedAt = performance.now()
    const { says, mutates } = command
    const entry = { host: remote.name, says, text: renderRedacted(command), mutates }
    try {
      const outcome = await doing
      if (isKept(command, outcome)) note({ ...entry, durationMs: outcome.durationMs, ...endOf(outcome) })
      return outcome
    } catch (error) {
      const durationMs = performance.now() - startedAt
      note({ ...entry, durationMs, exit: 'unknown', why: failureOf(error).message })
      throw error
    }
  }
  return {
    ...untouched(remote),
    run: (command, signal) => noted(command, remote.run(command, signal)),
    async stream(command, signal): Promise<Running> {
      const opening = remote.stream(command, signal)
      const ended = opening.then((running) => running.done)
      const done = noted(command, ended)
      done.catch(() => {
        // Whoever awaits `done`, or the opening itself, sees it.
      })
      const { stdin, stdout } = await opening
      return { stdin, stdout, done }
    },
    send: (file: FileToSend, path: string, signal) =>
      noted(sendCommand(file, path), remote.send(file, path, signal)),
  }
}

function endOf(outcome: Outcome): Pick<AuditEntry, 'exit' | 'signal' | 'why'> {
  if (outcome.kind === 'unknown') return { exit: 'unknown', why: outcome.message }
  const { exitCode, signal } = outcome
  return { exit: exitCode, ...(signal === undefined ? {} : { signal }) }
}

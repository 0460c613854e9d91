import pino from 'pino'

/** One remote command as the log keeps it. `text` is the redacted rendering: nothing here is redacted again. */
export interface LoggedCommand {
  readonly host: string
  /** What the command is for. */
  readonly says: string
  /** The redacted command line. */
  readonly text: string
  readonly mutates: boolean
  readonly durationMs: number
  /** The exit code; null when a signal ended it; `unknown` when its end was not seen. */
  readonly exit: number | null | 'unknown'
  readonly signal?: string
  /** Why the end is unknown, or why no connection was made. */
  readonly why?: string
}

/** The log of one run: JSON lines, each handed to the system before the call returns. */
export interface RunLog {
  command(entry: LoggedCommand): void
  note(text: string, data?: Readonly<Record<string, unknown>>): void
  problem(text: string, data?: Readonly<Record<string, unknown>>): void
  close(): void
}

/**
 * Opens a run's log for appending, mode 0600.
 * Written synchronously: an asynchronous pino loses its lines when the process dies, which is when they are wanted.
 */
export function openLog(path: string): RunLog {
  const destination = pino.destination({ dest: path, sync: true, append: true, mode: 0o600 })
  // A full disk stops the journal, and that is said; the log alone must not end a process inside the window.
  destination.on('error', () => undefined)
  const log = pino(
    {
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: levelName },
    },
    destination,
  )
  return {
    command: ({ says, ...rest }) => {
      if (rest.exit === 0) log.info(rest, says)
      else log.warn(rest, says)
    },
    note: (text, data) => log.info({ ...data }, text),
    problem: (text, data) => log.error({ ...data }, text),
    close: () => destination.end(),
  }
}

function levelName(label: string): { level: string } {
  return { level: label }
}

import { closeSync, openSync, readSync } from 'node:fs'

/** One command as the run's log keeps it, redacted. */
export interface RanCommand {
  readonly host: string
  readonly says: string
  readonly text: string
  readonly mutates: boolean
  readonly startedAtMs: number
  readonly durationMs: number
  readonly exit: number | string
}

export interface RanCommands {
  readonly commands: readonly RanCommand[]
  /** What could not be told, as a sentence; null when the log was read whole. */
  readonly missing: string | null
}

/** A log is read up to here: a hundred times what a run of five nodes writes. */
const logBytesMax = 64 * 1024 * 1024

/** Every remote command of a run from its log. A line that is none is passed over: the log is not the truth, the journal is. */
export function commandsOf(logPath: string): RanCommands {
  const read = readStart(logPath)
  if (read === null) return { commands: [], missing: `the log ${logPath} is not there any more` }
  const commands = read.text.split('\n').flatMap(commandIn)
  const missing = read.cut
    ? `the log is longer than ${logBytesMax} bytes; the rest stands in ${logPath}`
    : null
  return { commands, missing }
}

function readStart(path: string): { text: string; cut: boolean } | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return null
  }
  try {
    const chunks: Buffer[] = []
    let size = 0
    while (size < logBytesMax) {
      const chunk = Buffer.alloc(1024 * 1024)
      const bytes = readSync(file, chunk, 0, chunk.length, null)
      if (bytes === 0) return { text: Buffer.concat(chunks).toString('utf8'), cut: false }
      chunks.push(chunk.subarray(0, bytes))
      size += bytes
    }
    return { text: Buffer.concat(chunks).toString('utf8'), cut: true }
  } finally {
    closeSync(file)
  }
}

function commandIn(line: string): RanCommand[] {
  const read = parsed(line)
  if (read === null) return []
  const { host, text, msg, mutates, durationMs, exit, signal, time } = read
  const endedAtMs = Date.parse(String(time))
  if (typeof host !== 'string' || typeof text !== 'string' || Number.isNaN(endedAtMs)) return []
  const tookMs = typeof durationMs === 'number' ? durationMs : 0
  return [
    {
      host,
      text,
      says: String(msg ?? ''),
      mutates: mutates === true,
      startedAtMs: endedAtMs - tookMs,
      durationMs: tookMs,
      exit: typeof exit === 'number' ? exit : typeof signal === 'string' ? signal : 'unknown',
    },
  ]
}

type Line = Readonly<
  Record<'host' | 'text' | 'msg' | 'mutates' | 'durationMs' | 'exit' | 'signal' | 'time', unknown>
>

function parsed(line: string): Line | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Line) : null
  } catch {
    return null
  }
}

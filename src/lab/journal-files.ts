import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of a host's journal. */
export interface JournalLine {
  /** Epoch microseconds. */
  readonly at: number
  readonly unit: string
  readonly invocation: string
  readonly pid: number
  readonly tag: string
  readonly message: string
}

/** Appends a line to the unit's file below the host's journal directory. */
export function writeJournal(dir: string, line: JournalLine): void {
  mkdirSync(dir, { recursive: true })
  appendFileSync(join(dir, `${line.unit}.log`), `${JSON.stringify(line)}\n`)
}

/** The lines of one unit, or of all units of the host, oldest first. */
export function readJournalLines(dir: string, unit?: string): JournalLine[] {
  if (!existsSync(dir)) return []
  const names = unit === undefined ? readdirSync(dir) : [`${unit}.log`]
  const lines = names.flatMap((name) => {
    const path = join(dir, name)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').flatMap(parsed) : []
  })
  return names.length === 1 ? lines : lines.sort((a, b) => a.at - b.at)
}

function parsed(text: string): JournalLine[] {
  if (text === '') return []
  try {
    return [JSON.parse(text) as JournalLine]
  } catch {
    // The line that is being written right now.
    return []
  }
}

import { constants, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cannotWrite, JournalWriter, type WriterOptions } from './journal-writer.ts'
import { lineHash, noPrevious } from './line.ts'
import { type JournalContent, journalName, readJournal } from './read-journal.ts'
import type { Body, Entry, JournalRecord, RecordOf } from './record.ts'
import { replaceFile, syncDirectory } from './write-file.ts'

/** A torn last line that was set aside when the journal was opened. */
export interface SetAside {
  readonly bytes: number
  readonly path: string
}

/** The write-ahead journal of one run, open for its single writer. */
export interface Journal {
  readonly path: string
  readonly header: RecordOf<'header'>
  /** All records, those appended since it was opened among them. */
  readonly records: readonly JournalRecord[]
  /** The text of each record, without its newline. */
  readonly lines: readonly string[]
  /** sha256 of the last line, hex: two copies with one head are equal. */
  readonly head: string
  readonly setAside?: SetAside
  /**
   * Writes a record down and returns only when it is on the disk. What is returned was read back from the line,
   * so that a live run sees exactly what a resumed one will see.
   * Throws EvhaError when it cannot be written: then the effect it announces must not begin.
   */
  append<E extends Entry>(entry: E): RecordOf<E['type']>
  /**
   * The same for a record that announces nothing: it is on the disk with the next `append`, and a process that is killed
   * leaves it there. Only a workstation without power may lose it, with the effect that the next record would have announced not begun.
   */
  appendWithNext<E extends Entry>(entry: E): RecordOf<E['type']>
  /** `heard` is called when one more record, or several, are on the disk; one listener at a time. */
  listen(heard: () => void): void
  close(): void
}

const nothingYet = { records: [], lines: [], head: noPrevious, goodBytes: 0 }

/** Begins a journal in a directory that has none; the header is on the disk when it returns. */
export function createJournal(dir: string, header: Body<'header'>, options: WriterOptions = {}): Journal {
  const path = join(dir, journalName)
  const { O_CREAT, O_EXCL } = constants
  const file = openToAppend(path, O_CREAT | O_EXCL, 'a run is begun once; `evha resume` goes on with it')
  const writer = new JournalWriter(path, file, nothingYet, options)
  try {
    const first = writer.append({ type: 'header', ...header })
    syncDirectory(dir)
    return handleOf(writer, first)
  } catch (error) {
    writer.close()
    throw error
  }
}

/**
 * Opens the journal of a run to go on with it. A torn last line is moved into a `.torn` file beside it and
 * reported in `setAside`; damage anywhere else is an EvhaError 'contradiction' that names the line.
 */
export function openJournal(dir: string, options: WriterOptions = {}): Journal {
  const content = readJournal(dir)
  const setAside = saveTorn(content)
  const file = openToAppend(content.path, 0, 'go on as the user who began the run')
  const writer = new JournalWriter(content.path, file, content, options)
  try {
    writer.mend(content)
    return handleOf(writer, content.header, setAside)
  } catch (error) {
    writer.close()
    throw error
  }
}

function openToAppend(path: string, flags: number, hint: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_APPEND | flags, 0o600)
  } catch (cause) {
    throw cannotWrite(path, cause, hint)
  }
}

function handleOf(writer: JournalWriter, header: RecordOf<'header'>, setAside?: SetAside): Journal {
  return {
    path: writer.path,
    header,
    records: writer.records,
    lines: writer.lines,
    get head() {
      return writer.head
    },
    ...(setAside === undefined ? {} : { setAside }),
    append: (entry) => writer.append(entry),
    appendWithNext: (entry) => writer.appendWithNext(entry),
    listen: (heard) => {
      writer.onAppend = heard
    },
    close: () => writer.close(),
  }
}

function saveTorn(content: JournalContent): SetAside | undefined {
  const { torn, path, records } = content
  if (torn.length === 0) return undefined
  const name = `journal.${records.length}-${lineHash(torn).slice(0, 8)}.torn`
  const aside = join(dirname(path), name)
  replaceFile(aside, torn)
  return { bytes: torn.length, path: aside }
}

/**
 * Puts another copy's lines in the place of a closed journal. With `keep` the old file stays beside it as
 * `.superseded`; returns its path. After a crash at any moment the old or the new journal stands there, whole.
 */
export function supersedeJournal(dir: string, lines: readonly string[], keep: boolean): string | null {
  const path = join(dir, journalName)
  const old = readFileSync(path)
  const aside = keep ? join(dir, `journal.${lineHash(old).slice(0, 8)}.superseded`) : null
  if (aside !== null) replaceFile(aside, old)
  replaceFile(path, lines.map((line) => `${line}\n`).join(''))
  return aside
}

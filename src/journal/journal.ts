import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { crashPoint } from './crash-point.ts'
import { encodeLine, lineHash, noPrevious } from './line.ts'
import { type JournalContent, journalName, readJournal } from './read-journal.ts'
import type { Body, Entry, JournalRecord, RecordOf } from './record.ts'
import { replaceFile, syncDirectory, writeWhole } from './write-file.ts'

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
  /** sha256 of the last line, hex: two copies with one head are equal. */
  readonly head: string
  readonly setAside?: SetAside
  /**
   * Writes a record down and returns only when it is on the disk. What is returned was read back from the line,
   * so that a live run sees exactly what a resumed one will see.
   * Throws EvhaError when it cannot be written: then the effect it announces must not begin.
   */
  append<E extends Entry>(entry: E): RecordOf<E['type']>
  close(): void
}

interface Options {
  /** Epoch ms. */
  readonly now?: () => number
}

/** Begins a journal in a directory that has none; the header is on the disk when it returns. */
export function createJournal(dir: string, header: Body<'header'>, options: Options = {}): Journal {
  const path = join(dir, journalName)
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND, 0o600)
  } catch (cause) {
    throw cannotWrite(path, cause, 'a run is begun once; `evha resume` goes on with it')
  }
  const writer = new Writer(path, file, [], noPrevious, 0, options)
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
export function openJournal(dir: string, options: Options = {}): Journal {
  const content = readJournal(dir)
  const setAside = saveTorn(content)
  const file = openSync(content.path, constants.O_RDWR | constants.O_APPEND)
  const writer = new Writer(
    content.path,
    file,
    [...content.records],
    content.head,
    content.goodBytes,
    options,
  )
  try {
    writer.mend(content)
    return handleOf(writer, content.header, setAside)
  } catch (error) {
    writer.close()
    throw error
  }
}

function handleOf(writer: Writer, header: RecordOf<'header'>, setAside?: SetAside): Journal {
  return {
    path: writer.path,
    header,
    records: writer.records,
    get head() {
      return writer.head
    },
    ...(setAside === undefined ? {} : { setAside }),
    append: (entry) => writer.append(entry),
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

class Writer {
  readonly path: string
  readonly records: JournalRecord[]
  head: string
  readonly #file: number
  readonly #now: () => number
  #bytes: number
  /** Why nothing may be appended any more. */
  #broken: string | undefined

  constructor(
    path: string,
    file: number,
    records: JournalRecord[],
    head: string,
    bytes: number,
    options: Options,
  ) {
    this.path = path
    this.#file = file
    this.records = records
    this.head = head
    this.#bytes = bytes
    this.#now = options.now ?? Date.now
  }

  append<E extends Entry>(entry: E): RecordOf<E['type']> {
    this.#mustBeWritable()
    const seq = this.records.length
    const line = encodeLine(seq, this.head, new Date(this.#now()).toISOString(), entry)
    crashPoint('journal.before-write')
    this.#write(Buffer.from(`${line}\n`))
    const { sum: _, ...record } = JSON.parse(line) as { sum: string }
    // Written from an Entry of this type a moment ago.
    const written = record as unknown as RecordOf<E['type']>
    this.records.push(written)
    this.head = lineHash(line)
    return written
  }

  /** Cuts a torn line off, or ends a record whose newline did not arrive. */
  mend(content: JournalContent): void {
    if (content.torn.length > 0) {
      ftruncateSync(this.#file, content.goodBytes)
      fsyncSync(this.#file)
    }
    if (content.newlineMissing) this.#write(Buffer.from('\n'))
  }

  close(): void {
    if (this.#broken === closed) return
    this.#broken = closed
    closeSync(this.#file)
  }

  #write(bytes: Buffer): void {
    try {
      writeWhole(this.#file, bytes)
      crashPoint('journal.after-write')
    } catch (cause) {
      this.#takeBack(cause)
      throw cannotWrite(this.path, cause, 'make room on the disk, then `evha resume`')
    }
    try {
      fsyncSync(this.#file)
    } catch (cause) {
      // After a failed fsync nobody knows what the disk holds; a second fsync would only pretend.
      this.#broken = 'the disk refused to keep a record'
      throw cannotWrite(this.path, cause, 'mend the disk, then `evha resume`')
    }
    this.#bytes += bytes.length
    crashPoint('journal.after-fsync')
  }

  /** A half-written line must not stay before the next one. */
  #takeBack(cause: unknown): void {
    try {
      ftruncateSync(this.#file, this.#bytes)
      fsyncSync(this.#file)
    } catch {
      this.#broken = `a half-written record could not be taken back after: ${reasonOf(cause)}`
    }
  }

  #mustBeWritable(): void {
    if (this.#broken !== undefined) {
      throw cannotWrite(this.path, this.#broken, 'go on with `evha resume`')
    }
    if (fstatSync(this.#file).size === this.#bytes) return
    this.#broken = 'somebody else wrote to it'
    throw new EvhaError({
      kind: 'contradiction',
      message: `the journal ${this.path} was written by somebody else while this process held it`,
      changedAnything: 'unknown',
      retryable: false,
      hint: 'see with `evha lock` who else drives this run, and end one of the two',
    })
  }
}

const closed = 'it is closed'

function cannotWrite(path: string, cause: unknown, hint: string): EvhaError {
  return new EvhaError(
    {
      kind: 'failed',
      message: `the journal ${path} cannot be written: ${reasonOf(cause)}`,
      changedAnything: 'unknown',
      retryable: true,
      hint,
    },
    { cause },
  )
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

import { closeSync, fstatSync, fsyncSync, ftruncateSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'
import { crashPoint } from './crash-point.ts'
import { encodeLine, lineHash } from './line.ts'
import type { JournalContent } from './read-journal.ts'
import type { Entry, JournalRecord, RecordOf } from './record.ts'
import { writeWhole } from './write-file.ts'

export interface WriterOptions {
  /** Epoch ms. */
  readonly now?: () => number
}

/** The open file of a journal: appends, takes half-written lines back, and stops for good when the disk cannot be trusted. */
export class JournalWriter {
  readonly path: string
  readonly records: JournalRecord[]
  readonly lines: string[]
  head: string
  /** Called when one more record, or several, are on the disk. */
  onAppend: () => void = () => undefined
  readonly #file: number
  readonly #now: () => number
  #bytes: number
  /** Something was written that is not on the disk yet. */
  #isAhead = false
  /** Why nothing may be appended any more. */
  #broken: string | undefined

  constructor(
    path: string,
    file: number,
    begun: Pick<JournalContent, 'records' | 'lines' | 'head' | 'goodBytes'>,
    options: WriterOptions,
  ) {
    this.path = path
    this.#file = file
    this.records = [...begun.records]
    this.lines = [...begun.lines]
    this.head = begun.head
    this.#bytes = begun.goodBytes
    this.#now = options.now ?? Date.now
  }

  append<E extends Entry>(entry: E): RecordOf<E['type']> {
    const written = this.appendWithNext(entry)
    this.#sync()
    this.onAppend()
    return written
  }

  /** Written at once, on the disk only with the next `append` or with `close`. */
  appendWithNext<E extends Entry>(entry: E): RecordOf<E['type']> {
    this.#mustBeWritable()
    const seq = this.records.length
    const line = encodeLine(seq, this.head, new Date(this.#now()).toISOString(), entry)
    crashPoint('journal.before-write')
    this.#write(Buffer.from(`${line}\n`))
    const { sum: _, ...record } = JSON.parse(line) as { sum: string }
    // Written from an Entry of this type a moment ago.
    const written = record as unknown as RecordOf<E['type']>
    this.records.push(written)
    this.lines.push(line)
    this.head = lineHash(line)
    return written
  }

  /** Cuts a torn line off, or ends a record whose newline did not arrive. */
  mend(content: JournalContent): void {
    if (content.torn.length > 0) {
      ftruncateSync(this.#file, content.goodBytes)
      fsyncSync(this.#file)
    }
    if (!content.newlineMissing) return
    this.#write(Buffer.from('\n'))
    this.#sync()
  }

  /** Throws EvhaError when what waits for the next record can not be brought to the disk. */
  close(): void {
    if (this.#broken === closed) return
    try {
      if (this.#broken === undefined && this.#isAhead) this.#sync()
    } finally {
      this.#broken = closed
      closeSync(this.#file)
    }
  }

  #write(bytes: Buffer): void {
    try {
      writeWhole(this.#file, bytes)
      crashPoint('journal.after-write')
    } catch (cause) {
      this.#takeBack(cause)
      throw cannotWrite(this.path, cause, 'make room on the disk, then `evha resume`')
    }
    this.#bytes += bytes.length
    this.#isAhead = true
  }

  #sync(): void {
    try {
      fsyncSync(this.#file)
    } catch (cause) {
      // After a failed fsync nobody knows what the disk holds; a second fsync would only pretend.
      this.#broken = 'the disk refused to keep a record'
      throw cannotWrite(this.path, cause, 'mend the disk, then `evha resume`')
    }
    this.#isAhead = false
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

/** Nothing was kept: what the record announces must not begin. */
export function cannotWrite(path: string, cause: unknown, hint: string): EvhaError {
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

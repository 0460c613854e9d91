import { hash } from 'node:crypto'
import { EvhaError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Entry, type JournalRecord, recordRefusal } from './record.ts'

/** `prev` of the first record. */
export const noPrevious = '0'.repeat(64)

/** sha256 of a line without its newline, hex. */
export function lineHash(line: string | Buffer): string {
  return hash('sha256', line)
}

const sumLength = 16
const reserved = ['seq', 'prev', 'at', 'sum']
const tail = /,"sum":"([0-9a-f]{16})"\}$/

/** The first 16 hex digits of the sha256 of the line without its sum: guards the last line, which no next one covers. */
function sumOf(text: string): string {
  return lineHash(text).slice(0, sumLength)
}

/** The line of a record, without its newline. A Secret in it is written as `[redacted]`. */
export function encodeLine(seq: number, prev: string, at: string, entry: Entry): string {
  const { type, ...body } = entry
  if (reserved.some((name) => Object.hasOwn(body, name))) {
    throw defect(`a record of type ${type} has a field named like one of the journal's own`)
  }
  const text = stringify({ seq, prev, at, type, ...body })
  const line = `${text.slice(0, -1)},"sum":"${sumOf(text)}"}`
  const bytes = Buffer.byteLength(line)
  if (bytes <= limits.journalLineBytesMax) return line
  throw defect(
    `a record of type ${type} has ${bytes} bytes, more than the ${limits.journalLineBytesMax} a journal line may have`,
  )
}

function stringify(record: object): string {
  try {
    return JSON.stringify(record)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw defect(`a record cannot be written down: ${message}`, cause)
  }
}

function defect(message: string, cause?: unknown): EvhaError {
  const hint = 'this is a defect of evha: nothing was written; see the run log, then `evha resume`'
  return new EvhaError(
    { kind: 'failed', message, changedAnything: 'unknown', retryable: true, hint },
    cause === undefined ? undefined : { cause },
  )
}

export type Decoded =
  /** `hash` is the line's own: the `prev` of the next one. */
  | { readonly kind: 'record'; readonly record: JournalRecord; readonly text: string; readonly hash: string }
  | { readonly kind: 'damaged'; readonly why: string }

type Whole = Extract<Decoded, { kind: 'record' }>

/**
 * Lines that were found whole, by their text: the journal and every host's copy of it have the same ones. What a line
 * says hangs on nothing but its bytes, and only where it stands is looked at each time. One with a replacement
 * character is not kept: bytes that are no UTF-8 read the same.
 */
const whole = new Map<string, Whole>()
let wholeBytes = 0
const wholeBytesMax = 4 * 1024 * 1024

/** Reads a whole line (without its newline) that must be record `seq` after the line with the hash `prev`. */
export function decodeLine(line: Buffer, seq: number, prev: string): Decoded {
  const text = line.toString('utf8')
  const known = whole.get(text)
  if (known?.record.seq === seq && known.record.prev === prev) return known
  const decoded = decode(line, text, seq, prev)
  if (decoded.kind === 'damaged' || text.includes('\ufffd')) return decoded
  if (wholeBytes > wholeBytesMax) {
    whole.clear()
    wholeBytes = 0
  }
  wholeBytes += line.length
  whole.set(text, decoded)
  return decoded
}

function decode(line: Buffer, text: string, seq: number, prev: string): Decoded {
  const sum = tail.exec(text)
  if (sum === null) return { kind: 'damaged', why: 'it is not a whole record' }
  const body = `${text.slice(0, sum.index)}}`
  // Bytes that are no UTF-8 become replacement characters: compare what was hashed with what is there.
  if (sumOf(body) !== sum[1] || !Buffer.from(text).equals(line)) {
    return { kind: 'damaged', why: 'its checksum does not match its content' }
  }
  let parsed: Record<string, unknown>
  try {
    parsed = JSON.parse(body) as Record<string, unknown>
  } catch {
    return { kind: 'damaged', why: 'it is not JSON' }
  }
  if (parsed['seq'] !== seq)
    return { kind: 'damaged', why: `its number is ${String(parsed['seq'])}, not ${seq}` }
  if (parsed['prev'] !== prev) return { kind: 'damaged', why: 'it does not follow the line before it' }
  const refusal = recordRefusal(parsed)
  if (refusal !== undefined) return { kind: 'damaged', why: refusal }
  // Checked above, by the schema of its type.
  return { kind: 'record', record: parsed as unknown as JournalRecord, text, hash: lineHash(line) }
}

/** How the line of record `seq` after `prev` must begin: by this a torn line is told from a damaged one. */
export function lineStart(seq: number, prev: string): string {
  return `{"seq":${seq},"prev":"${prev}","at":"`
}

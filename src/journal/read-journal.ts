import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { decodeLine, noPrevious } from './line.ts'
import type { JournalRecord, RecordOf } from './record.ts'
import { isTorn } from './torn.ts'

/** The journal's name in a run's directory. */
export const journalName = 'journal.jsonl'

/** A journal as it stands on the disk. */
export interface JournalContent {
  readonly path: string
  readonly header: RecordOf<'header'>
  readonly records: readonly JournalRecord[]
  /** The text of each record, without its newline. */
  readonly lines: readonly string[]
  /** Bytes of whole records; what comes behind is torn. */
  readonly goodBytes: number
  /** sha256 of the last whole line, hex. */
  readonly head: string
  /** True when only the newline of the last record is missing. */
  readonly newlineMissing: boolean
  /** A last line whose writing was cut off: it was never acknowledged, so nothing was done upon it. */
  readonly torn: Buffer
}

/**
 * Reads a journal without changing anything, also while another process writes to it.
 * EvhaError 'contradiction' names the line when one was changed, lost or moved; 'usage' when there is no journal.
 */
export function readJournal(dir: string): JournalContent {
  const path = join(dir, journalName)
  return parseJournal(readBytes(path), path)
}

/** The same for bytes at hand; `path` is only named in messages. */
export function parseJournal(bytes: Buffer, path: string): JournalContent {
  const records: JournalRecord[] = []
  const lines: string[] = []
  let head = noPrevious
  let position = 0
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, position)) {
    const line = bytes.subarray(position, end)
    const decoded = decodeLine(line, records.length, head)
    if (decoded.kind === 'damaged') {
      const tail = { bytes: bytes.subarray(position), offset: position, seq: records.length, prev: head }
      if (end === bytes.length - 1 && isTorn(tail)) break
      throw damaged(path, records.length, decoded.why)
    }
    records.push(decoded.record)
    lines.push(decoded.text)
    head = decoded.hash
    position = end + 1
  }
  const rest = bytes.subarray(position)
  const last = decodeLine(rest, records.length, head)
  const newlineMissing = last.kind === 'record'
  if (last.kind === 'record') {
    records.push(last.record)
    lines.push(last.text)
    head = last.hash
  } else if (!isTorn({ bytes: rest, offset: position, seq: records.length, prev: head })) {
    throw damaged(path, records.length, last.why)
  }
  const goodBytes = newlineMissing ? bytes.length : position
  return {
    path,
    header: headerOf(path, records),
    records,
    lines,
    goodBytes,
    head,
    newlineMissing,
    torn: bytes.subarray(goodBytes),
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EvhaError(
      {
        kind: 'usage',
        message: `the journal ${path} cannot be read: ${reason}`,
        changedAnything: 'no',
        retryable: false,
        hint: 'name a run of this state directory, or give the right one with --state-dir',
      },
      { cause },
    )
  }
}

function headerOf(path: string, records: readonly JournalRecord[]): RecordOf<'header'> {
  const [first] = records
  if (first === undefined) {
    throw new EvhaError({
      kind: 'usage',
      message: `the journal ${path} holds no record: that run ended before it did anything`,
      changedAnything: 'no',
      retryable: false,
      hint: 'start a new run with `evha migrate RUNBOOK`',
    })
  }
  if (first.type !== 'header')
    throw damaged(path, 0, `a journal begins with a header, not with ${first.type}`)
  const second = records.findIndex((record, index) => index > 0 && record.type === 'header')
  if (second !== -1) throw damaged(path, second, 'a header stands only at the beginning')
  return first
}

/** Evidence contradicts itself: nothing goes on from such a journal by itself. */
function damaged(path: string, index: number, why: string): EvhaError {
  return new EvhaError({
    kind: 'contradiction',
    message: `line ${index + 1} of the journal ${path} is damaged: ${why}`,
    changedAnything: 'unknown',
    retryable: false,
    hint: 'do not start or stop a node; keep the file as it is, compare it with a backup or the copies on the hosts, and look at the hosts with `evha check`',
  })
}

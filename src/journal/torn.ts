import { decodeLine, lineStart } from './line.ts'

/** The smallest piece a disk writes; a page that never arrived reads as zeros from one such border to another. */
const sectorBytes = 512

/** What stands behind the last good line, and where. */
export interface Tail {
  readonly bytes: Buffer
  /** Its place in the file, bytes. */
  readonly offset: number
  /** The record it ought to be. */
  readonly seq: number
  readonly prev: string
}

/**
 * True when the tail can be the rest of a write that was cut off, which nobody acted upon: a beginning of its line,
 * or a line with pages missing after a power failure. Anything else was changed afterwards.
 */
export function isTorn(tail: Tail): boolean {
  const { bytes, seq, prev } = tail
  if (bytes.length === 0) return true
  // A whole record and then one more byte: that byte was the newline, and was changed.
  if (decodeLine(bytes.subarray(0, -1), seq, prev).kind === 'record') return false
  if (bytes.includes(0)) return hasLostPages(tail)
  if (bytes.at(-1) === 0x0a) return false
  const start = Buffer.from(lineStart(seq, prev)).subarray(0, bytes.length)
  return bytes.subarray(0, start.length).equals(start)
}

/** Every run of zeros begins where the line or a sector does, and ends where the file or a sector does. */
function hasLostPages({ bytes, offset }: Tail): boolean {
  let position = bytes.indexOf(0)
  while (position !== -1) {
    let end = position
    while (end < bytes.length && bytes[end] === 0) end += 1
    const begins = position === 0 || (offset + position) % sectorBytes === 0
    const ends = end === bytes.length || (offset + end) % sectorBytes === 0
    if (!begins || !ends) return false
    position = bytes.indexOf(0, end)
  }
  return true
}

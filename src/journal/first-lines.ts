import { createHash } from 'node:crypto'

/** Size and digest of the beginning of a journal, as a copy of it must have them. */
export interface FirstLines {
  readonly bytes: number
  /** sha256, hex. */
  readonly digest: string
}

/**
 * Measures the first lines of a journal that only grows: each line is hashed once, however often and for however many
 * hosts it is asked. Of a journal of many attempts that is what keeps a line on its way short.
 */
export function firstLinesOf(lines: readonly string[]): (count: number) => FirstLines {
  let hash = createHash('sha256')
  let counted = 0
  let bytes = 0
  let known: FirstLines | null = null
  return (count) => {
    if (count < counted) {
      hash = createHash('sha256')
      counted = 0
      bytes = 0
    }
    if (count === counted && known !== null) return known
    for (; counted < count; counted++) {
      const line = `${lines[counted] ?? ''}\n`
      hash.update(line)
      bytes += Buffer.byteLength(line)
    }
    known = { bytes, digest: hash.copy().digest('hex') }
    return known
  }
}

/** The little of the bolt file format (raft-boltdb keeps Raft's log in it) that its last entries need. Reads only. */

export interface Range {
  readonly at: number
  readonly length: number
}

/** Bytes of a file, range by range; a range that reaches past the end comes back shorter. */
export type ReadRanges = (ranges: readonly Range[]) => Promise<readonly Buffer[]>

const magic = 0xed0cdaed
const [isBranch, isLeaf] = [0x01, 0x02]
const headerBytes = 16
const elementBytes = 16
/** So many pages of one level are asked for at once, so deep a tree is walked. */
const pagesAtOnce = 16
const depthMax = 12
/** A damaged page may name those above it: a log of the last entries never needs so many. */
const pagesMax = 4096

interface Page {
  readonly at: number
  readonly bytes: Buffer
  readonly flags: number
  readonly count: number
}

/** Why a file is not what it should be. */
export class NotBolt extends Error {}

/**
 * The last `max` entries of a bucket, the newest first, of each value the first `headBytes`. Empty where there is no such
 * bucket. Throws NotBolt for bytes that are no bolt file.
 */
export async function lastEntries(
  read: ReadRanges,
  bucket: string,
  { max, headBytes }: { readonly max: number; readonly headBytes: number },
): Promise<Buffer[]> {
  const { pageBytes, root } = await newestMeta(read)
  const top = await rootOf(read, pageBytes, root, bucket)
  if (top === null) return []
  const found: { readonly value: Range; readonly head: Buffer | null }[] = []
  await walkBack(read, pageBytes, [top], (page) => {
    for (let i = page.count - 1; i >= 0 && found.length < max; i--) {
      const { at, bytes } = placeOf(page, i)
      const length = Math.min(bytes, headBytes)
      const isHere = at + length <= page.bytes.length
      found.push({
        value: { at: page.at + at, length },
        head: isHere ? page.bytes.subarray(at, at + length) : null,
      })
    }
    return found.length < max
  })
  // A large value lies in pages of its own behind its element.
  const missing = found.filter(({ head }) => head === null)
  const heads = missing.length === 0 ? [] : await read(missing.map(({ value }) => value))
  return found.map((one) => one.head ?? heads[missing.indexOf(one)] ?? Buffer.alloc(0))
}

/** Two pages say in turn where the tree begins; the one of the later transaction counts. */
async function newestMeta(read: ReadRanges): Promise<{ readonly pageBytes: number; readonly root: number }> {
  const [first = Buffer.alloc(0)] = await read([{ at: 0, length: 4096 }])
  const pageBytes = first.length >= 80 && first.readUInt32LE(16) === magic ? first.readUInt32LE(24) : 4096
  const [second = Buffer.alloc(0)] = await read([{ at: pageBytes, length: 80 }])
  const metas = [first, second].filter((page) => page.length >= 80 && page.readUInt32LE(16) === magic)
  const newest = metas.toSorted((a, b) => (a.readBigUInt64LE(64) < b.readBigUInt64LE(64) ? 1 : -1))[0]
  if (newest === undefined || pageBytes < 512 || pageBytes > 1 << 20) throw new NotBolt('it is no bolt file')
  return { pageBytes, root: Number(newest.readBigUInt64LE(32)) }
}

/** The page a bucket begins with; null where there is no such bucket. */
async function rootOf(
  read: ReadRanges,
  pageBytes: number,
  root: number,
  bucket: string,
): Promise<number | Page | null> {
  let found: number | Page | null = null
  await walkBack(read, pageBytes, [root], (page) => {
    for (let i = 0; i < page.count; i++) {
      const { at, key } = placeOf(page, i)
      if (page.bytes.toString('latin1', key, at) !== bucket) continue
      const first = Number(page.bytes.readBigUInt64LE(at))
      // A bucket of a few bytes lies whole in its parent.
      found = first === 0 ? pageIn(page.bytes.subarray(at + 16), page.at + at + 16) : first
      return false
    }
    return true
  })
  return found
}

/** Calls `leaf` for each leaf page, the last one first, until it says false. */
async function walkBack(
  read: ReadRanges,
  pageBytes: number,
  tops: readonly (number | Page)[],
  leaf: (page: Page) => boolean,
  walked = { depth: 0, pages: { seen: 0 } },
): Promise<boolean> {
  const { depth, pages } = walked
  if (depth > depthMax) throw new NotBolt('its tree is deeper than any')
  for (let left = [...tops]; left.length > 0; left = left.slice(0, -pagesAtOnce)) {
    const asked = left.slice(-pagesAtOnce)
    pages.seen += asked.length
    if (pages.seen > pagesMax) throw new NotBolt('its tree has no end')
    const numbers = asked.filter((one) => typeof one === 'number')
    const bytes =
      numbers.length === 0 ? [] : await read(numbers.map((at) => ({ at: at * pageBytes, length: pageBytes })))
    for (const one of asked.toReversed()) {
      const page =
        typeof one === 'number'
          ? pageIn(bytes[numbers.indexOf(one)] ?? Buffer.alloc(0), one * pageBytes)
          : one
      const goOn =
        page.flags === isLeaf
          ? leaf(page)
          : await walkBack(read, pageBytes, childrenOf(page), leaf, { depth: depth + 1, pages })
      if (!goOn) return false
    }
  }
  return true
}

function pageIn(bytes: Buffer, at: number): Page {
  if (bytes.length < headerBytes) throw new NotBolt('a page is cut off')
  const flags = bytes.readUInt16LE(8)
  const count = bytes.readUInt16LE(10)
  if (flags !== isBranch && flags !== isLeaf) throw new NotBolt('a page is neither branch nor leaf')
  if (headerBytes + count * elementBytes > bytes.length && count > 0) {
    // More elements than one page holds spill over; nothing that Raft writes does.
    throw new NotBolt('a page has more elements than it can hold')
  }
  return { at, bytes, flags, count }
}

function childrenOf({ bytes, count }: Page): number[] {
  return Array.from({ length: count }, (_, i) =>
    Number(bytes.readBigUInt64LE(headerBytes + i * elementBytes + 8)),
  )
}

/** Where key and value of a leaf's element begin, in bytes of its page and those behind it; `bytes` of the value. */
function placeOf(
  { bytes }: Page,
  i: number,
): { readonly key: number; readonly at: number; readonly bytes: number } {
  const element = headerBytes + i * elementBytes
  const key = element + bytes.readUInt32LE(element + 4)
  return { key, at: key + bytes.readUInt32LE(element + 8), bytes: bytes.readUInt32LE(element + 12) }
}

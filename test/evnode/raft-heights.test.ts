// The highest block in a Raft log, read from a few ranges of the file: a real one, one with large blocks, the stand-in's.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highestInRaftLog } from '../../src/evnode/raft-heights.ts'

const real = gunzipSync(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'evnode', 'raft/raft-log.db.gz')),
)

async function highestIn(file: Buffer): Promise<{ height: number | null; read: number }> {
  let read = 0
  const height = await highestInRaftLog((ranges) => {
    const parts = ranges.map(({ at, length }) => file.subarray(at, at + length))
    for (const part of parts) read += part.length
    return Promise.resolve(parts)
  }, file.length)
  return { height, read }
}

const pageBytes = 4096

/** A bolt file of one leaf with these values, as large as they are. */
function bolt(values: readonly Buffer[]): Buffer {
  const meta = (id: number, txid: number): Buffer => {
    const page = Buffer.alloc(pageBytes)
    page.writeUInt16LE(4, 8)
    page.writeUInt32LE(0xed0cdaed, 16)
    page.writeUInt32LE(2, 20)
    page.writeUInt32LE(pageBytes, 24)
    page.writeBigUInt64LE(2n, 32)
    page.writeBigUInt64LE(BigInt(txid), 64)
    page.writeBigUInt64LE(BigInt(id), 0)
    return page
  }
  const leaf = (elements: readonly (readonly [key: Buffer, value: Buffer])[]): Buffer => {
    const head = Buffer.alloc(16 + elements.length * 16)
    head.writeUInt16LE(2, 8)
    head.writeUInt16LE(elements.length, 10)
    let at = head.length
    for (const [i, [key, value]] of elements.entries()) {
      const element = 16 + i * 16
      head.writeUInt32LE(at - element, element + 4)
      head.writeUInt32LE(key.length, element + 8)
      head.writeUInt32LE(value.length, element + 12)
      at += key.length + value.length
    }
    const all = Buffer.concat([head, ...elements.flat()])
    return Buffer.concat([all, Buffer.alloc(-all.length & (pageBytes - 1))])
  }
  const bucket = Buffer.alloc(16)
  bucket.writeBigUInt64LE(3n, 0)
  const keys = values.map((_, i) => Buffer.from([0, 0, 0, 0, 0, 0, 0, i + 1]))
  return Buffer.concat([
    meta(0, 4),
    meta(1, 5),
    leaf([[Buffer.from('logs'), bucket]]),
    leaf(values.map((value, i) => [keys[i] as Buffer, value])),
  ])
}

/** Raft's entry around a block of a height, `more` bytes long. */
function entry(height: number, more: number): Buffer {
  const data = Buffer.concat([Buffer.from([0x08, 0x80 | (height & 127), height >> 7]), Buffer.alloc(more)])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(data.length)
  return Buffer.concat([
    Buffer.from('\x82\xa4Data\xc6', 'latin1'),
    size,
    data,
    Buffer.from('\xa4Type\x00', 'latin1'),
  ])
}

test('the log of a real node is read in a few ranges', async () => {
  const { height, read } = await highestIn(real)
  expect(height).toBe(35)
  expect(read).toBeLessThan(real.length)
})

test('of blocks larger than a page only the beginnings are read', async () => {
  const { height, read } = await highestIn(bolt([entry(300, 200_000), entry(301, 300_000)]))
  expect(height).toBe(301)
  expect(read).toBeLessThan(20_000)
})

test('a leader that proposes again what it had proposed does not hide the higher block', async () => {
  expect((await highestIn(bolt([entry(211, 10), entry(212, 10), entry(208, 10)]))).height).toBe(212)
})

test('the stand-in keeps an entry a line; a line that is cut off does not count', async () => {
  const lines = [6, 7, 8].map(
    (height) => `${JSON.stringify({ kind: 'block', block: { header: { height } } })}\n`,
  )
  const noop = `${JSON.stringify({ kind: 'noop', index: 9 })}\n`
  expect((await highestIn(Buffer.from(`${lines.join('')}${noop}{"kind":"blo`))).height).toBe(8)
})

test('a log without a block has none; what is no log is not taken for an empty one', async () => {
  expect((await highestIn(Buffer.alloc(0))).height).toBe(0)
  expect((await highestIn(Buffer.alloc(8192, 7))).height).toBeNull()
  expect((await highestIn(real.subarray(0, 12_000))).height).toBeNull()
  const damaged = Buffer.from(real)
  damaged.fill(0, 2 * pageBytes)
  expect((await highestIn(damaged)).height).toBeNull()
})

test('whatever a damaged log holds, it is read to an end, and little of it', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(real.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 })), {
        maxLength: 40,
      }),
      fc.nat(real.length),
      async (damages, cut) => {
        const file = Buffer.from(real)
        for (const [at, bytes] of damages) file.set(bytes.subarray(0, file.length - at), at)
        const { height, read } = await highestIn(file.subarray(0, Math.max(cut, file.length / 2)))
        expect(height === null || height >= 0).toBe(true)
        expect(read).toBeLessThan(64 * real.length)
      },
    ),
  ))

test('a log whose pages name each other in a circle has an end', async () => {
  const file = bolt([entry(7, 10)])
  // The page of the entries becomes a branch of itself.
  const at = 3 * pageBytes
  file.writeUInt16LE(1, at + 8)
  file.writeUInt16LE(200, at + 10)
  for (let i = 0; i < 200; i++) file.writeBigUInt64LE(3n, at + 16 + i * 16 + 8)
  const { height, read } = await highestIn(file)
  expect(height).toBeNull()
  expect(read).toBeLessThan(5_000 * pageBytes)
})

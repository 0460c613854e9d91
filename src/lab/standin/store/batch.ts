import { crc32 } from 'node:zlib'

/** A change of one key; without a value the key goes. */
export interface Change {
  readonly key: string
  readonly value?: Buffer
}

/** Where a value stands in a file. */
export interface Place {
  readonly at: number
  readonly bytes: number
}

const headBytes = 8
const gone = 0xffffffff

/** A batch of changes for the write-ahead log: length, checksum, then key and value after value. */
export function encodeBatch(changes: readonly Change[]): Buffer {
  const parts = changes.flatMap(({ key, value }) => {
    const head = Buffer.alloc(6)
    head.writeUInt16LE(Buffer.byteLength(key), 0)
    head.writeUInt32LE(value === undefined ? gone : value.length, 2)
    return [head, Buffer.from(key), value ?? Buffer.alloc(0)]
  })
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(body.length, 0)
  head.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([head, body])
}

/** Bytes of the whole batch whose head this is; 0 at the end of what was written. */
export function batchBytes(head: Buffer): number {
  const bytes = head.length < headBytes ? 0 : head.readUInt32LE(0)
  return bytes === 0 ? 0 : headBytes + bytes
}

/** The keys of a whole batch and where their values stand in it, or undefined when it was torn. */
export function placesIn(
  batch: Buffer,
): readonly (readonly [key: string, place: Place | undefined])[] | undefined {
  const body = batch.subarray(headBytes)
  if (crc32(body) !== batch.readUInt32LE(4)) return undefined
  const places: (readonly [string, Place | undefined])[] = []
  for (let at = 0; at < body.length; ) {
    const keyBytes = body.readUInt16LE(at)
    const valueBytes = body.readUInt32LE(at + 2)
    const key = body.toString('utf8', at + 6, at + 6 + keyBytes)
    at += 6 + keyBytes
    const bytes = valueBytes === gone ? 0 : valueBytes
    places.push([key, valueBytes === gone ? undefined : { at: headBytes + at, bytes }])
    at += bytes
  }
  return places
}

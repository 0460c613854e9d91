import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import type { Place } from './batch.ts'

const magic = Buffer.from('EVHASST1')
const footBytes = magic.length + 12

/** An immutable table: values one after the other, then an index of keys, then where the index begins. */
export interface Table {
  readonly fd: number
  readonly places: ReadonlyMap<string, Place>
}

/** Writes a table under a temporary name and renames it: it is there whole or not at all. */
export function writeTable(path: string, values: Iterable<readonly [key: string, value: Buffer]>): void {
  const fd = openSync(`${path}.tmp`, 'w', 0o600)
  const index: Buffer[] = []
  let pending: Buffer[] = []
  let pendingBytes = 0
  let at = 0
  const flush = () => {
    writeSync(fd, Buffer.concat(pending))
    pending = []
    pendingBytes = 0
  }
  for (const [key, value] of values) {
    const name = Buffer.from(key)
    const entry = Buffer.alloc(14)
    entry.writeUInt16LE(name.length, 0)
    entry.writeBigUInt64LE(BigInt(at), 2)
    entry.writeUInt32LE(value.length, 10)
    index.push(entry, name)
    pending.push(value)
    pendingBytes += value.length
    at += value.length
    if (pendingBytes > 1024 * 1024) flush()
  }
  flush()
  const foot = Buffer.alloc(12)
  foot.writeBigUInt64LE(BigInt(at), 0)
  foot.writeUInt32LE(index.length / 2, 8)
  writeSync(fd, Buffer.concat([...index, foot, magic]))
  fsyncSync(fd)
  closeSync(fd)
  renameSync(`${path}.tmp`, path)
}

/** Opens a table and reads its index. Throws when it is damaged. */
export function openTable(path: string): Table {
  const fd = openSync(path, 'r')
  const size = fstatSync(fd).size
  const foot = readAt(fd, Math.max(0, size - footBytes), footBytes)
  if (size < footBytes || !foot.subarray(12).equals(magic)) throw new Error(`${path} is damaged`)
  const start = Number(foot.readBigUInt64LE(0))
  const index = readAt(fd, start, size - footBytes - start)
  const places = new Map<string, Place>()
  let at = 0
  for (let count = foot.readUInt32LE(8); count > 0; count -= 1) {
    const nameBytes = index.readUInt16LE(at)
    const place = { at: Number(index.readBigUInt64LE(at + 2)), bytes: index.readUInt32LE(at + 10) }
    places.set(index.toString('utf8', at + 14, at + 14 + nameBytes), place)
    at += 14 + nameBytes
  }
  return { fd, places }
}

/** Bytes of a file at a place; fewer where the file ends. */
export function readAt(fd: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  const read = readSync(fd, buffer, 0, bytes, at)
  return buffer.subarray(0, read)
}

import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { batchBytes, type Change, encodeBatch, type Place, placesIn } from './batch.ts'
import { createSparse, fileHeadBytes } from './sparse-file.ts'
import { readAt } from './table.ts'

/** Apparent bytes of a running database's `.mem` file (evnode.md A5). */
const memBytes = 134_217_728
const readAheadBytes = 1024 * 1024

/** The newest changes: a write-ahead log in a preallocated file, written straight through, so SIGKILL loses nothing. */
export class Memtable {
  readonly path: string
  readonly fd: number
  /** Where each key's newest value stands; undefined for one that is gone. */
  readonly places = new Map<string, Place | undefined>()
  #end: number = fileHeadBytes

  private constructor(path: string, fd: number) {
    this.path = path
    this.fd = fd
  }

  static create(path: string): Memtable {
    return new Memtable(path, createSparse(path, memBytes))
  }

  /** Opens one that a process left behind, up to its last whole batch. */
  static recover(path: string): Memtable {
    const table = new Memtable(path, openSync(path, 'r+'))
    table.#replay(fstatSync(table.fd).size)
    return table
  }

  /** True when a batch of that size does not fit any more. */
  isFullFor(changes: readonly Change[]): boolean {
    const bytes = changes.reduce(
      (sum, { key, value }) => sum + key.length * 3 + 32 + (value?.length ?? 0),
      64,
    )
    return this.#end + bytes > memBytes
  }

  append(changes: readonly Change[]): void {
    const batch = encodeBatch(changes)
    writeSync(this.fd, batch, 0, batch.length, this.#end)
    this.#take(batch)
  }

  close(): void {
    closeSync(this.fd)
  }

  remove(): void {
    this.close()
    rmSync(this.path, { force: true })
  }

  #take(batch: Buffer): boolean {
    const places = placesIn(batch)
    if (places === undefined) return false
    for (const [key, place] of places)
      this.places.set(key, place === undefined ? undefined : { at: this.#end + place.at, bytes: place.bytes })
    this.#end += batch.length
    return true
  }

  #replay(size: number): void {
    let ahead = readAt(this.fd, this.#end, readAheadBytes)
    let aheadAt = this.#end
    const bytesAt = (at: number, bytes: number) => {
      if (at + bytes > aheadAt + ahead.length) {
        ahead = readAt(this.fd, at, Math.max(readAheadBytes, bytes))
        aheadAt = at
      }
      return ahead.subarray(at - aheadAt, at - aheadAt + bytes)
    }
    for (;;) {
      const bytes = batchBytes(bytesAt(this.#end, 8))
      if (bytes === 0 || this.#end + bytes > size) return
      // A torn batch was never acknowledged: the log ends before it.
      if (!this.#take(bytesAt(this.#end, bytes))) return
    }
  }
}

import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Apparent sizes of the files the database preallocates (evnode.md A5). */
const vlogBytes = 2_147_483_646
const memBytes = 134_217_728
const vlogHeader = 20

/** The preallocated pair of a running database: a value log, and a write-ahead memory file that grows in its hole. */
export class SparsePair {
  readonly #mem: string
  readonly #vlog: string
  #fd: number
  #offset = 0

  constructor(dir: string) {
    this.#mem = join(dir, '00001.mem')
    this.#vlog = join(dir, '000001.vlog')
    if (!existsSync(this.#vlog)) {
      const vlog = openSync(this.#vlog, 'w', 0o600)
      writeSync(vlog, Buffer.alloc(vlogHeader, 7))
      closeSync(vlog)
    }
    truncateSync(this.#vlog, vlogBytes)
    this.#fd = openSync(this.#mem, 'w+', 0o600)
    ftruncateSync(this.#fd, memBytes)
  }

  /** Appends to the memory file, as a write-ahead log would. */
  append(bytes: Buffer): void {
    writeSync(this.#fd, bytes, 0, bytes.length, this.#offset)
    this.#offset += bytes.length
  }

  get bytes(): number {
    return this.#offset
  }

  /** An empty memory file again: what was in it lies in a table now. */
  reset(): void {
    ftruncateSync(this.#fd, 0)
    ftruncateSync(this.#fd, memBytes)
    this.#offset = 0
  }

  /** A clean close leaves a compact value log and no memory file. */
  close(): void {
    closeSync(this.#fd)
    rmSync(this.#mem, { force: true })
    truncateSync(this.#vlog, vlogHeader)
  }

  /** Leaves both as they are: what a database that is never closed looks like. */
  abandon(): void {
    closeSync(this.#fd)
  }
}

/** What a memory file holds from an earlier process: everything before the first zero byte. */
export function readMemory(dir: string): Buffer {
  const path = join(dir, '00001.mem')
  if (!existsSync(path)) return Buffer.alloc(0)
  const fd = openSync(path, 'r')
  const parts: Buffer[] = []
  const chunk = Buffer.alloc(256 * 1024)
  for (let at = 0; ; ) {
    const read = readSync(fd, chunk, 0, chunk.length, at)
    const end = chunk.subarray(0, read).indexOf(0)
    parts.push(Buffer.from(chunk.subarray(0, end === -1 ? read : end)))
    if (end !== -1 || read === 0) break
    at += read
  }
  closeSync(fd)
  return Buffer.concat(parts)
}

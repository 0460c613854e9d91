import { randomBytes } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/** A key id and a nonce: what the database writes in front of its logs. */
export const fileHeadBytes = 20

/** A preallocated file: full apparent size, hardly any blocks on the disk (evnode.md A5). Returns its descriptor. */
export function createSparse(path: string, sizeBytes: number): number {
  const fd = openSync(path, 'w+', 0o600)
  writeSync(fd, randomBytes(fileHeadBytes), 0, fileHeadBytes, 0)
  ftruncateSync(fd, sizeBytes)
  return fd
}

/** What a clean stop leaves of a preallocated file without content. */
export function shrinkToHead(path: string): void {
  const fd = openSync(path, 'r+')
  ftruncateSync(fd, fileHeadBytes)
  closeSync(fd)
}

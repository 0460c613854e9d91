import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file as a whole: after a crash at any moment either the old or the new content stands there, durable.
 * The temporary file lies in the same directory and is taken away when anything fails.
 */
export function replaceFile(path: string, content: string | Buffer, mode = 0o600): void {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  try {
    writeNewFile(temporary, content, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(directory)
}

/** Writes a file that must not exist yet, to the disk itself. Its name is durable only after syncDirectory. */
export function writeNewFile(path: string, content: string | Buffer, mode = 0o600): void {
  const file = openSync(path, 'wx', mode)
  try {
    writeWhole(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Writes all of it at the file's position; a short write goes on where it stopped. */
export function writeWhole(file: number, content: string | Buffer): void {
  const bytes = Buffer.from(content)
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written)
  }
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

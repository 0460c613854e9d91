import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { objectOr } from '../../../evnode/json.ts'
import type { Change, Place } from './batch.ts'
import { Memtable } from './memtable.ts'
import { createSparse, shrinkToHead } from './sparse-file.ts'
import { type StoreLock, takeStoreLock } from './store-lock.ts'
import { openTable, readAt, type Table, writeTable } from './table.ts'

/** Apparent bytes of a running database's value log (evnode.md A5). */
const valueLogBytes = 2_147_483_646

/** Where the newest value of a key stands. */
type Found = Place & { readonly fd: number }

/**
 * A key-value database whose directory looks and behaves like the real node's: preallocated sparse logs while it runs,
 * immutable tables, a lock on the directory, and files that change with every opening though the content does not.
 */
export class Database {
  readonly #dir: string
  readonly #lock: StoreLock
  readonly #index = new Map<string, Found>()
  readonly #tables: Table[] = []
  #tableNames: string[] = []
  #valueLog: number
  #memtable: Memtable
  #memNumber: number

  /** Opens a directory, which is made where it is missing. Throws NodeFailure when somebody else holds it. */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    this.#dir = dir
    this.#lock = takeStoreLock(dir)
    if (!existsSync(join(dir, 'KEYREGISTRY'))) this.#write('KEYREGISTRY', randomBytes(28))
    this.#tableNames = this.#listed()
    for (const name of this.#tableNames) this.#addTable(name)
    const left = this.#memFiles()
    for (const name of left) this.#flush(Memtable.recover(join(dir, name)))
    this.#removeStrays()
    this.#valueLog = createSparse(this.#valueLogPath(), valueLogBytes)
    this.#memNumber = Number.parseInt(left.at(-1) ?? '0', 10) + 1
    this.#memtable = Memtable.create(this.#memPath())
    this.#writeManifest()
  }

  get(key: string): Buffer | undefined {
    const found = this.#index.get(key)
    return found === undefined ? undefined : readAt(found.fd, found.at, found.bytes)
  }

  /** All keys that begin with a prefix, in no order. */
  keys(prefix: string): string[] {
    return [...this.#index.keys()].filter((key) => key.startsWith(prefix))
  }

  /** All changes or none of them; after this they survive a SIGKILL. */
  write(changes: readonly Change[]): void {
    if (this.#memtable.isFullFor(changes)) {
      this.#flush(this.#memtable)
      this.#memNumber += 1
      this.#memtable = Memtable.create(this.#memPath())
      this.#writeManifest()
    }
    this.#memtable.append(changes)
    for (const { key } of changes) this.#point(key, this.#memtable.places.get(key), this.#memtable.fd)
  }

  /** A clean stop: the newest changes become a table, the logs shrink. */
  close(): void {
    this.#flush(this.#memtable)
    closeSync(this.#valueLog)
    shrinkToHead(this.#valueLogPath())
    this.#writeManifest()
    for (const { fd } of this.#tables) closeSync(fd)
    this.#lock.release()
  }

  /** An end without a stop: the files stay as they are. */
  abandon(): void {
    this.#memtable.close()
    closeSync(this.#valueLog)
    for (const { fd } of this.#tables) closeSync(fd)
    this.#lock.abandon()
  }

  #point(key: string, place: Place | undefined, fd: number): void {
    if (place === undefined) this.#index.delete(key)
    else this.#index.set(key, { ...place, fd })
  }

  /** Turns a memtable into a table that the manifest lists, then removes it. */
  #flush(memtable: Memtable): void {
    for (const [key, place] of memtable.places) this.#point(key, place, memtable.fd)
    if (memtable.places.size > 0) {
      const name = `${String(this.#nextTable()).padStart(6, '0')}.sst`
      writeTable(join(this.#dir, name), this.#values(memtable))
      this.#tableNames.push(name)
      this.#writeManifest()
      this.#addTable(name)
    }
    memtable.remove()
  }

  #values(memtable: Memtable): Iterable<readonly [string, Buffer]> {
    // A removed key is written empty: tables are read in order and the newest one counts.
    return [...memtable.places].map(([key, place]) => [
      key,
      place === undefined ? Buffer.alloc(0) : readAt(memtable.fd, place.at, place.bytes),
    ])
  }

  #addTable(name: string): void {
    const table = openTable(join(this.#dir, name))
    this.#tables.push(table)
    for (const [key, place] of table.places) this.#point(key, place.bytes === 0 ? undefined : place, table.fd)
  }

  #nextTable(): number {
    return 1 + Number.parseInt(this.#tableNames.at(-1) ?? '0', 10)
  }

  #memPath(): string {
    return join(this.#dir, `${String(this.#memNumber).padStart(5, '0')}.mem`)
  }

  #valueLogPath(): string {
    return join(this.#dir, '000001.vlog')
  }

  #memFiles(): string[] {
    return readdirSync(this.#dir)
      .filter((name) => name.endsWith('.mem'))
      .sort()
  }

  /** Tables a crash left between writing and listing. */
  #removeStrays(): void {
    for (const name of readdirSync(this.#dir))
      if (name.endsWith('.tmp') || (name.endsWith('.sst') && !this.#tableNames.includes(name)))
        rmSync(join(this.#dir, name), { force: true })
  }

  #listed(): string[] {
    const path = join(this.#dir, 'MANIFEST')
    const manifest = existsSync(path) ? objectOr(readFileSync(path, 'utf8')) : undefined
    const tables = manifest?.['tables']
    return Array.isArray(tables) ? tables.filter((name) => typeof name === 'string') : []
  }

  /** With a nonce: its bytes differ after each opening, as the real one's do. */
  #writeManifest(): void {
    const nonce = randomBytes(8).toString('hex')
    this.#write('MANIFEST', JSON.stringify({ standIn: true, nonce, tables: this.#tableNames }))
  }

  #write(name: string, content: string | Buffer): void {
    const path = join(this.#dir, name)
    writeFileSync(`${path}.tmp`, content, { mode: 0o600 })
    renameSync(`${path}.tmp`, path)
  }
}

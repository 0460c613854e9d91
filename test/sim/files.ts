import { createHash, type Hash } from 'node:crypto'
import { sha256 } from './sha256.ts'

export interface Entry {
  readonly kind: 'file' | 'dir' | 'link'
  content: string
  mode: number
  owner: string
  /** When its content was written last, by simulated time. */
  writtenMs: number
  /** Counts writes of its content: what the kernel's ctime tells apart. */
  version: number
  /** Bytes of its content, where they were counted. */
  bytes?: number
  /** sha256 of its content, where it was asked for, and what goes on from it. */
  digest?: Digest
}

interface Digest {
  hash: Hash
  hex: string | null
}

function grown(entry: Entry, text: string): void {
  if (entry.bytes !== undefined) entry.bytes += Buffer.byteLength(text)
  if (entry.digest === undefined || text === '') return
  entry.digest.hash.update(text)
  entry.digest.hex = null
}

/** Counts the bytes of a file; what only grows is counted once. */
export function bytesOf(entry: Entry): number {
  entry.bytes ??= Buffer.byteLength(entry.content)
  return entry.bytes
}

/** A shorter one is digested as fast as what it grew by. */
const growsFrom = 4_096

/** sha256 of a file, hex; what only grows is read once. */
export function digestOf(entry: Entry): string {
  if (entry.digest === undefined && entry.content.length < growsFrom) return sha256(entry.content)
  entry.digest ??= { hash: createHash('sha256').update(entry.content), hex: null }
  entry.digest.hex ??= entry.digest.hash.copy().digest('hex')
  return entry.digest.hex
}

/** The files of one simulated host, by absolute path. */
export class Files {
  readonly #entries = new Map<string, Entry>([['/', dir()]])
  #versions = 0
  readonly #now: () => number
  /** Hears of a file that is there with new content, or gone. */
  readonly #changed: (path: string, content: string | null) => void

  constructor(
    now: () => number = () => 0,
    changed: (path: string, content: string | null) => void = () => undefined,
  ) {
    this.#now = now
    this.#changed = changed
  }

  /** The entry a path leads to, symbolic links followed. */
  at(path: string, hops = 8): Entry | undefined {
    const found = this.#entries.get(path)
    if (found?.kind !== 'link') return found
    return hops === 0 ? undefined : this.at(found.content, hops - 1)
  }

  /** The entry itself, a link too. */
  entry(path: string): Entry | undefined {
    return this.#entries.get(path)
  }

  exists(path: string): boolean {
    return this.at(path) !== undefined
  }

  isDir(path: string): boolean {
    return this.at(path)?.kind === 'dir'
  }

  read(path: string): string | null {
    const found = this.at(path)
    return found?.kind === 'file' ? found.content : null
  }

  /** False where there is no directory for it. A file that is written keeps its mode and owner. */
  write(path: string, text: string, append = false): boolean {
    const found = this.at(path)
    if (found?.kind === 'dir') return false
    if (found !== undefined) {
      if (append) grown(found, text)
      else {
        delete found.bytes
        delete found.digest
      }
      found.content = append ? found.content + text : text
      found.writtenMs = this.#now()
      found.version = ++this.#versions
      this.#changed(path, found.content)
      return true
    }
    if (!this.isDir(parentOf(path))) return false
    this.#entries.set(path, {
      kind: 'file',
      content: text,
      mode: 0o644,
      owner: '',
      writtenMs: this.#now(),
      version: ++this.#versions,
    })
    this.#changed(path, text)
    return true
  }

  makeDirs(path: string): boolean {
    if (path === '' || path === '/') return true
    const found = this.at(path)
    if (found !== undefined) return found.kind === 'dir'
    if (!this.makeDirs(parentOf(path))) return false
    this.#entries.set(path, dir())
    return true
  }

  makeDir(path: string): boolean {
    if (this.exists(path) || !this.isDir(parentOf(path))) return false
    this.#entries.set(path, dir())
    return true
  }

  /** Names directly below a directory. */
  list(path: string): string[] {
    const lead = path === '/' ? '/' : `${path}/`
    const names: string[] = []
    for (const one of this.#entries.keys())
      if (one.startsWith(lead) && one.length > lead.length && !one.includes('/', lead.length))
        names.push(one.slice(lead.length))
    return names.sort()
  }

  /** Everything below a directory, and itself. */
  below(path: string): string[] {
    return [...this.#entries.keys()].filter((one) => one === path || one.startsWith(`${path}/`)).sort()
  }

  remove(path: string): void {
    if (this.#entries.get(path)?.kind === 'dir') for (const one of this.below(path)) this.#entries.delete(one)
    else this.#entries.delete(path)
  }

  removeEmptyDir(path: string): boolean {
    if (!this.isDir(path) || this.list(path).length > 0) return false
    this.#entries.delete(path)
    return true
  }

  rename(from: string, to: string): boolean {
    const found = this.#entries.get(from)
    if (found === undefined || !this.isDir(parentOf(to))) return false
    if (found.kind !== 'dir') {
      this.#entries.delete(from)
      this.#entries.set(to, found)
      this.#changed(to, found.content)
      return true
    }
    for (const path of this.below(from)) {
      const entry = this.#entries.get(path) as Entry
      this.#entries.delete(path)
      this.#entries.set(`${to}${path.slice(from.length)}`, entry)
    }
    return true
  }

  /** A second name of one file. */
  link(from: string, to: string): boolean {
    const found = this.at(from)
    if (found === undefined || this.#entries.has(to) || !this.isDir(parentOf(to))) return false
    this.#entries.set(to, found)
    return true
  }

  symlink(target: string, path: string): boolean {
    if (this.#entries.has(path) || !this.isDir(parentOf(path))) return false
    this.#entries.set(path, {
      kind: 'link',
      content: target,
      mode: 0o777,
      owner: '',
      writtenMs: 0,
      version: 0,
    })
    return true
  }

  /** All entries, for a contract test. */
  all(): ReadonlyMap<string, Entry> {
    return this.#entries
  }

  copyFrom(other: Files): void {
    this.#entries.clear()
    for (const [path, { digest: _, ...entry }] of other.#entries) this.#entries.set(path, entry)
  }
}

const dir = (): Entry => ({ kind: 'dir', content: '', mode: 0o755, owner: '', writtenMs: 0, version: 0 })

export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at <= 0 ? '/' : path.slice(0, at)
}

import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { objectOr } from '../../../evnode/json.ts'
import type { SignedBlock } from '../chain/signed-block.ts'
import type { Voter } from './membership.ts'

/** What the leader of a block knows of DA; followers learn it only this way (evnode.md B 6.2). */
export interface Submitted {
  readonly header: number
  readonly data: number
}

export type EntryContent =
  | { readonly kind: 'configuration'; readonly voters: readonly Voter[] }
  | { readonly kind: 'noop' }
  | { readonly kind: 'block'; readonly block: SignedBlock; readonly submitted: Submitted }

export type Entry = { readonly index: number; readonly term: number } & EntryContent

/** Everything up to an index in short: the newest block, as the real state machine keeps it. */
export interface Snapshot {
  readonly index: number
  readonly term: number
  readonly voters: readonly Voter[]
  readonly block: SignedBlock | null
}

const nothing: Snapshot = { index: 0, term: 0, voters: [], block: null }

/** The replicated log on disk, one line an entry, behind at most one snapshot that stands for what was cut off. */
export class RaftLog {
  readonly #path: string
  #fd: number
  #snapshot: Snapshot = nothing
  /** The entry before the first one that is kept. */
  #base = { index: 0, term: 0 }
  #entries: Entry[] = []
  /** Where each kept entry begins in the file. */
  #offsets: number[] = []
  #end = 0

  constructor(path: string, snapshot: Snapshot | undefined) {
    this.#path = path
    this.#snapshot = snapshot ?? nothing
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    this.#fd = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
    this.#load(text)
    // A kill between taking a leader's snapshot and cutting the log: the snapshot counts.
    const { index, term } = this.#snapshot
    if (index > this.#base.index + this.#entries.length) this.#rewrite({ index, term }, [])
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get lastIndex(): number {
    return Math.max(this.#base.index + this.#entries.length, this.#snapshot.index)
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex) ?? 0
  }

  /** True when there is neither an entry nor a snapshot. */
  get isEmpty(): boolean {
    return this.lastIndex === 0
  }

  /** Index and members of the newest configuration; index 0 and nobody before the bootstrap. */
  get configuration(): { readonly index: number; readonly voters: readonly Voter[] } {
    const entry = this.#entries.findLast(({ kind }) => kind === 'configuration')
    if (entry?.kind === 'configuration') return { index: entry.index, voters: entry.voters }
    return { index: this.#snapshot.index, voters: this.#snapshot.voters }
  }

  entry(index: number): Entry | undefined {
    return this.#entries[index - this.#base.index - 1]
  }

  /** Term of an entry; undefined for one that is not here (any more). */
  termAt(index: number): number | undefined {
    if (index === 0) return 0
    if (index === this.#base.index) return this.#base.term
    if (index === this.#snapshot.index) return this.#snapshot.term
    return this.entry(index)?.term
  }

  /** Entries from an index on, at most so many. */
  from(index: number, count: number): readonly Entry[] {
    const start = index - this.#base.index - 1
    return start < 0 ? [] : this.#entries.slice(start, start + count)
  }

  append(entry: Entry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    writeSync(this.#fd, line, 0, line.length, this.#end)
    this.#offsets.push(this.#end)
    this.#end += line.length
    this.#entries.push(entry)
  }

  /** Takes a leader's entries behind the one it names; false when that one is not here or is another. */
  accept(prevIndex: number, prevTerm: number, entries: readonly Entry[]): boolean {
    // What lies behind the snapshot is committed, so it is the same there.
    if (prevIndex > this.#snapshot.index && this.termAt(prevIndex) !== prevTerm) return false
    for (const entry of entries) {
      if (entry.index <= this.#snapshot.index || this.termAt(entry.index) === entry.term) continue
      if (entry.index <= this.lastIndex) this.cutFrom(entry.index)
      this.append(entry)
    }
    return true
  }

  /** Drops an entry and all after it: another leader's log counts. */
  cutFrom(index: number): void {
    const start = Math.max(0, index - this.#base.index - 1)
    const offset = this.#offsets[start]
    if (offset === undefined) return
    ftruncateSync(this.#fd, offset)
    this.#end = offset
    this.#entries.length = start
    this.#offsets.length = start
  }

  /** From now on the snapshot stands for everything up to its index, of which so many entries are kept all the same. */
  compact(snapshot: Snapshot, trailing: number): void {
    this.#snapshot = snapshot
    const keepFrom = Math.max(this.#base.index + 1, snapshot.index - trailing + 1)
    const term = this.termAt(keepFrom - 1) ?? snapshot.term
    const kept = this.from(keepFrom, Number.MAX_SAFE_INTEGER)
    this.#rewrite({ index: keepFrom - 1, term }, kept)
  }

  /** A leader sent a snapshot because it no longer has what is missing here. */
  replaceBy(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#rewrite({ index: snapshot.index, term: snapshot.term }, [])
  }

  close(): void {
    closeSync(this.#fd)
  }

  #load(text: Buffer): void {
    let at = 0
    while (at < text.length) {
      const end = text.indexOf(10, at)
      const line = end === -1 ? undefined : objectOr(text.toString('utf8', at, end))
      // A line that was not written to its end was never acknowledged.
      if (line === undefined) break
      if (line['kind'] === 'base') this.#base = { index: Number(line['index']), term: Number(line['term']) }
      else {
        this.#entries.push(line as unknown as Entry)
        this.#offsets.push(at)
      }
      at = end + 1
    }
    this.#end = at
    ftruncateSync(this.#fd, at)
  }

  #rewrite(base: { index: number; term: number }, entries: readonly Entry[]): void {
    const fd = openSync(`${this.#path}.tmp`, 'w+', 0o600)
    const offsets: number[] = []
    let end = writeSync(fd, `${JSON.stringify({ kind: 'base', ...base })}\n`)
    for (const entry of entries) {
      offsets.push(end)
      end += writeSync(fd, `${JSON.stringify(entry)}\n`)
    }
    fsyncSync(fd)
    renameSync(`${this.#path}.tmp`, this.#path)
    closeSync(this.#fd)
    this.#fd = fd
    this.#base = base
    this.#entries = [...entries]
    this.#offsets = offsets
    this.#end = end
  }
}

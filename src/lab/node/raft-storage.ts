import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredBlock } from './store.ts'

/** One entry of the Raft log. Index 1 is the membership. */
export interface Entry {
  readonly index: number
  readonly term: number
  /** Absent: an entry without a block, with which a leader commits what came before it. */
  readonly block?: StoredBlock
}

export interface Voter {
  readonly id: string
  readonly address: string
}

interface Stable {
  readonly term: number
  readonly votedFor: string
  readonly voters: readonly Voter[]
}

/** What a Raft directory keeps: term, vote, membership and log. A directory without membership was never bootstrapped. */
export class RaftStorage {
  readonly #stablePath: string
  readonly #logPath: string
  #stable: Stable
  #entries: Entry[]

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o750 })
    this.#stablePath = join(dir, 'raft-stable.db')
    this.#logPath = join(dir, 'raft-log.db')
    this.#stable = existsSync(this.#stablePath)
      ? (JSON.parse(readFileSync(this.#stablePath, 'utf8')) as Stable)
      : { term: 0, votedFor: '', voters: [] }
    this.#entries = readLog(this.#logPath)
  }

  get term(): number {
    return this.#stable.term
  }

  get votedFor(): string {
    return this.#stable.votedFor
  }

  get voters(): readonly Voter[] {
    return this.#stable.voters
  }

  /** The membership of a fresh cluster: entry 1, term 1. */
  bootstrap(voters: readonly Voter[]): void {
    this.#entries = []
    this.append({ index: 1, term: 1 })
    this.#save({ term: 1, votedFor: '', voters })
  }

  setTerm(term: number, votedFor = ''): void {
    this.#save({ ...this.#stable, term, votedFor })
  }

  get lastIndex(): number {
    return this.#entries.at(-1)?.index ?? 0
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? 0
  }

  entry(index: number): Entry | undefined {
    return this.#entries[index - 1]
  }

  from(index: number, count: number): readonly Entry[] {
    return this.#entries.slice(index - 1, index - 1 + count)
  }

  append(entry: Entry): void {
    this.#entries.push(entry)
    appendFileSync(this.#logPath, `${JSON.stringify(entry)}\n`)
  }

  /** Drops an uncommitted tail that a newer leader does not have. */
  cutFrom(index: number): void {
    this.#entries = this.#entries.slice(0, index - 1)
    writeFileSync(this.#logPath, this.#entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }

  #save(stable: Stable): void {
    this.#stable = stable
    writeFileSync(`${this.#stablePath}.new`, JSON.stringify(stable))
    renameSync(`${this.#stablePath}.new`, this.#stablePath)
  }
}

function readLog(path: string): Entry[] {
  if (!existsSync(path)) return []
  const entries: Entry[] = []
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue
    try {
      entries.push(JSON.parse(line) as Entry)
    } catch {
      // An append that SIGKILL cut off.
      break
    }
  }
  return entries
}

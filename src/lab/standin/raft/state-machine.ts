import type { RaftDir } from './raft-dir.ts'
import type { Entry, Snapshot } from './raft-log.ts'

export interface StateMachineOptions {
  readonly dir: RaftDir
  /** Entries after which a snapshot is taken. */
  readonly snapshotThreshold: number
  /** Entries that are kept behind it. */
  readonly trailingLogs: number
  /** Committed, in order, each once a process. */
  readonly onCommitted: (entry: Entry) => void
  /** A snapshot took the place of entries. */
  readonly onSnapshot: (snapshot: Snapshot) => void
}

/** How far the log is agreed on, and who waits for it. The state itself is the newest block. */
export class StateMachine {
  readonly #options: StateMachineOptions
  #commitIndex = 0
  #appliedIndex = 0
  #waiting: { index: number; resolve: () => void; reject: (error: Error) => void }[] = []

  constructor(options: StateMachineOptions) {
    this.#options = options
  }

  get commitIndex(): number {
    return this.#commitIndex
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** Begins at the snapshot on the disk. */
  open(): void {
    this.#restore(this.#options.dir.log.snapshot)
  }

  /** Takes a leader's snapshot, if it tells anything new. */
  install(snapshot: Snapshot): void {
    if (snapshot.index <= this.#commitIndex) return
    this.#options.dir.save(snapshot)
    this.#options.dir.log.replaceBy(snapshot)
    this.#restore(snapshot)
  }

  /** A quorum has everything up to this index: applies it, and tells those who wait. */
  commitTo(index: number): void {
    const { log } = this.#options.dir
    this.#commitIndex = Math.max(this.#commitIndex, Math.min(index, log.lastIndex))
    while (this.#appliedIndex < this.#commitIndex) {
      const entry = log.entry(this.#appliedIndex + 1)
      if (entry === undefined) return
      this.#appliedIndex += 1
      this.#options.onCommitted(entry)
      this.#maybeSnapshot(entry)
    }
    const done = this.#waiting.filter((one) => one.index <= this.#appliedIndex)
    this.#waiting = this.#waiting.filter((one) => one.index > this.#appliedIndex)
    for (const { resolve } of done) resolve()
  }

  /** Resolves when an entry is applied; rejects with `giveUp`. */
  applied(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, resolve, reject })
    })
  }

  /** The leadership is gone: what was proposed may be committed by the next leader, or never. */
  giveUp(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(new Error('leadership lost while committing log'))
  }

  #restore(snapshot: Snapshot): void {
    this.#commitIndex = snapshot.index
    this.#appliedIndex = snapshot.index
    if (snapshot.index > 0) this.#options.onSnapshot(snapshot)
  }

  #maybeSnapshot(entry: Entry): void {
    const { snapshotThreshold, trailingLogs, dir } = this.#options
    if (entry.kind !== 'block' || entry.index - dir.log.snapshot.index < snapshotThreshold) return
    const { voters } = dir.log.configuration
    const snapshot = { index: entry.index, term: entry.term, voters, block: entry.block }
    dir.save(snapshot)
    dir.log.compact(snapshot, trailingLogs)
  }
}

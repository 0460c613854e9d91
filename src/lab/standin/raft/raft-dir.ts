import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RaftLog, type Snapshot } from './raft-log.ts'
import { Stable } from './stable.ts'

/** A member's Raft directory: term and vote, log, snapshots; named as the real node names them (evnode.md B 1.2). */
export class RaftDir {
  readonly stable: Stable
  readonly log: RaftLog
  readonly #snapshots: string
  readonly #keep: number

  constructor(dir: string, keep: number) {
    this.#snapshots = join(dir, 'snapshots')
    this.#keep = Math.max(1, keep)
    mkdirSync(this.#snapshots, { recursive: true, mode: 0o700 })
    this.stable = new Stable(join(dir, 'raft-stable.db'))
    this.log = new RaftLog(join(dir, 'raft-log.db'), this.#newest())
  }

  /** True once there was a term, an entry or a snapshot: then a bootstrap is refused (evnode.md A3). */
  get hasState(): boolean {
    return this.stable.term > 0 || !this.log.isEmpty
  }

  /** Writes a snapshot to the disk; the oldest beyond the limit go. */
  save(snapshot: Snapshot): void {
    const dir = join(this.#snapshots, `${snapshot.term}-${snapshot.index}-${Date.now()}`)
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(join(dir, 'state.bin'), JSON.stringify(snapshot.block), { mode: 0o600 })
    const { index, term, voters } = snapshot
    // The description comes last: a snapshot without one does not count.
    writeFileSync(join(dir, 'meta.json'), JSON.stringify({ index, term, voters }), { mode: 0o600 })
    for (const old of this.#listed().slice(0, -this.#keep))
      rmSync(join(this.#snapshots, old), { recursive: true, force: true })
  }

  close(): void {
    this.log.close()
  }

  #listed(): string[] {
    const index = (name: string) => Number(name.split('-')[1])
    return readdirSync(this.#snapshots)
      .filter((name) => /^\d+-\d+-\d+$/.test(name))
      .sort((a, b) => index(a) - index(b))
  }

  #newest(): Snapshot | undefined {
    for (const name of this.#listed().reverse()) {
      try {
        const meta = JSON.parse(readFileSync(join(this.#snapshots, name, 'meta.json'), 'utf8'))
        return { ...meta, block: JSON.parse(readFileSync(join(this.#snapshots, name, 'state.bin'), 'utf8')) }
      } catch {
        // Cut short by a kill: an older one counts.
      }
    }
    return undefined
  }
}

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { objectOr } from '../../../evnode/json.ts'

/** Term and vote: on the disk before anybody is told of them, else a node could vote twice in one term. */
export class Stable {
  readonly #path: string
  #term = 0
  #votedFor = ''

  constructor(path: string) {
    this.#path = path
    const text = existsSync(path) ? objectOr(readFileSync(path, 'utf8')) : undefined
    if (typeof text?.['term'] === 'number') this.#term = text['term']
    if (typeof text?.['votedFor'] === 'string') this.#votedFor = text['votedFor']
  }

  get term(): number {
    return this.#term
  }

  /** Who got this node's vote in this term, '' for nobody. */
  get votedFor(): string {
    return this.#votedFor
  }

  /** Another term, and the vote in it. */
  set(term: number, votedFor: string): void {
    if (term === this.#term && votedFor === this.#votedFor) return
    const fd = openSync(`${this.#path}.tmp`, 'w', 0o600)
    writeSync(fd, JSON.stringify({ term, votedFor }))
    fsyncSync(fd)
    closeSync(fd)
    renameSync(`${this.#path}.tmp`, this.#path)
    this.#term = term
    this.#votedFor = votedFor
  }
}

import type { Executable, Executor } from '../execution/executor.ts'
import { Database } from '../store/database.ts'

/** The test application's key-value state, in a database of its own that is never closed (evnode.md A5). */
export class KvState implements Executor {
  readonly executesFirst = false
  readonly #database: Database
  readonly #values = new Map<string, string>()
  #root: string | undefined

  constructor(dir: string) {
    this.#database = new Database(dir)
    for (const key of this.#database.keys('kv/'))
      this.#values.set(key.slice(3), this.#database.get(key)?.toString() ?? '')
  }

  /** The state root, base64: the whole state written out, as the real test application does (evnode.md A6). */
  root(): string {
    if (this.#values.size === 0) return ''
    this.#root ??= Buffer.from(
      [...this.#values]
        .filter(([key]) => key.startsWith('/height/'))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}:${value};`)
        .join(''),
    ).toString('base64')
    return this.#root
  }

  get(key: string): string | undefined {
    return this.#values.get(`/${key}`)
  }

  init(): Promise<string> {
    return Promise.resolve(this.root())
  }

  /** It has no height of its own: nothing compares it with the store (evnode.md B 2.4). */
  syncTo(): Promise<void> {
    return Promise.resolve()
  }

  transactions(): Promise<readonly Buffer[]> {
    return Promise.resolve([])
  }

  /** Executes a block's transactions (`key=value`, base64) and returns the root after them. */
  execute({ height, transactions }: Executable): Promise<string> {
    const changes: { key: string; value: Buffer }[] = []
    for (const transaction of transactions) {
      const [, key, value] = /^([^=]+)=(.+)$/s.exec(Buffer.from(transaction, 'base64').toString()) ?? []
      if (key === undefined || value === undefined) continue
      for (const [name, text] of [
        [`/height/${height}/${key}`, value],
        [`/${key}`, value],
      ] as const) {
        this.#values.set(name, text)
        changes.push({ key: `kv/${name}`, value: Buffer.from(text) })
      }
    }
    if (changes.length > 0) {
      this.#root = undefined
      this.#database.write(changes)
    }
    return Promise.resolve(this.root())
  }

  /** The end of the process: nothing is closed. */
  end(): void {
    this.#database.abandon()
  }
}

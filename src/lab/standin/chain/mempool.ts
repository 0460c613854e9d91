/** At most so many transactions wait here; more are turned away. */
const transactionsMax = 10_000
const perBlock = 1_000

/** Transactions this node was given; it tells no other node of them. */
export class Mempool {
  readonly #waiting: string[] = []

  get size(): number {
    return this.#waiting.length
  }

  /** False when there is no room. */
  add(transaction: Buffer): boolean {
    if (this.#waiting.length >= transactionsMax) return false
    this.#waiting.push(transaction.toString('base64'))
    return true
  }

  /** The transactions of the next block. */
  take(): readonly string[] {
    return this.#waiting.splice(0, perBlock)
  }
}

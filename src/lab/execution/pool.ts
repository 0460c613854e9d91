import { transactionHash } from './block.ts'

/** At most so many transactions wait; more are refused. */
const transactionsMax = 10_000

/** Transactions given to this client and to no other: they wait here until a block of its chain holds them. */
export class Pool {
  readonly #waiting = new Map<string, string>()

  get size(): number {
    return this.#waiting.size
  }

  /** The transaction's hash. Any bytes are one: nobody judges them. Throws when the pool is full. */
  add(transaction: string): string {
    if (!/^0x(?:[0-9a-f]{2})+$/i.test(transaction)) throw new Error('failed to decode signed transaction')
    const hash = transactionHash(transaction)
    if (this.#waiting.size >= transactionsMax && !this.#waiting.has(hash)) throw new Error('txpool is full')
    this.#waiting.set(hash, transaction.toLowerCase())
    return hash
  }

  all(): readonly string[] {
    return [...this.#waiting.values()]
  }

  included(transactions: readonly string[]): void {
    for (const transaction of transactions) this.#waiting.delete(transactionHash(transaction))
  }
}

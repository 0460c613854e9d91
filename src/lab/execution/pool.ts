import { transactionHash } from './block.ts'

/** At most so many transactions wait; more are refused. */
const transactionsMax = 10_000

/** Transactions given to this client and to no other: they wait here until a block of its chain holds them. */
export class Pool {
  readonly #waiting = new Map<string, string>()
  readonly #spent = new Set<string>()

  get size(): number {
    return this.#waiting.size
  }

  /** The transaction's hash. Any bytes are one: nobody judges them. Throws when it had this one before, and when it is full. */
  add(transaction: string): string {
    if (!/^0x(?:[0-9a-f]{2})+$/i.test(transaction)) throw new Error('failed to decode signed transaction')
    const hash = transactionHash(transaction)
    if (this.#waiting.has(hash)) throw new Error('already known')
    // One that comes late to a follower is in a block there already, and must not come into another when that node leads.
    if (this.#spent.has(hash)) throw new Error('nonce too low')
    if (this.#waiting.size >= transactionsMax) throw new Error('txpool is full')
    this.#waiting.set(hash, transaction.toLowerCase())
    return hash
  }

  all(): readonly string[] {
    return [...this.#waiting.values()]
  }

  included(transactions: readonly string[]): void {
    for (const transaction of transactions) {
      const hash = transactionHash(transaction)
      this.#waiting.delete(hash)
      this.#spent.add(hash)
    }
  }
}

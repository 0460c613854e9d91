/** A header with the proposer's valid signature, as a node or DA gives it. Byte fields are base64. */
export interface SignedHeader {
  readonly height: number
  readonly hash: string
  readonly signature: string
  readonly signerPubKey: string
}

/** What proves that a height was signed twice: each of its headers with its signature, and where it was seen. */
export interface TwiceSigned {
  readonly height: number
  readonly signed: readonly (Omit<SignedHeader, 'height'> & { readonly where: readonly string[] })[]
}

/** So many heights are remembered; the first ones are forgotten then. A day at blocks of 1 s has 86,400. */
const heightsMax = 20_000
/** So many heights are told and kept with their signatures. */
const toldMax = 10

interface Seen {
  readonly header: SignedHeader
  readonly where: Set<string>
}

/** Which headers were seen signed at which height, and where. The same header seen twice is normal, on DA above all. */
export class SignatureWatch {
  readonly #heights = new Map<number, Map<string, Seen>>()

  note(header: SignedHeader, where: string): void {
    const seen = this.#heights.get(header.height) ?? new Map<string, Seen>()
    const same = seen.get(header.hash)
    if (same === undefined) seen.set(header.hash, { header, where: new Set([where]) })
    else same.where.add(where)
    this.#heights.set(header.height, seen)
    if (this.#heights.size > heightsMax) this.#forgetOldest()
  }

  /** True when this very header was seen signed before. */
  has(height: number, hash: string): boolean {
    return this.#heights.get(height)?.has(hash) ?? false
  }

  /** The heights with two headers or more, ascending. */
  twice(): number[] {
    return [...this.#heights]
      .filter(([, seen]) => seen.size > 1)
      .map(([height]) => height)
      .sort((a, b) => a - b)
  }

  /** Each height signed twice in words, at most so many: which hash was seen where. */
  told(): string[] {
    const heights = this.twice()
    const lines = this.proofs().map(({ height, signed }) => {
      const each = signed.map(({ hash, where }) => `${hash} on ${where.join(', ')}`)
      return `block ${height} was signed twice: ${each.join('; ')}`
    })
    const more = heights.length - lines.length
    return more === 0 ? lines : [...lines, `and ${more} heights more, up to ${heights.at(-1)}`]
  }

  /** The same with the signatures themselves. */
  proofs(): TwiceSigned[] {
    return this.twice()
      .slice(0, toldMax)
      .map((height) => ({
        height,
        signed: [...(this.#heights.get(height)?.values() ?? [])].map(({ header, where }) => ({
          hash: header.hash,
          signature: header.signature,
          signerPubKey: header.signerPubKey,
          where: [...where].sort(),
        })),
      }))
  }

  /** Never one that was signed twice: that is what is looked for. */
  #forgetOldest(): void {
    for (const [height, seen] of this.#heights) {
      if (seen.size > 1) continue
      this.#heights.delete(height)
      return
    }
  }
}

import { hash as digest } from 'node:crypto'
import type { Block } from '../../src/evnode/block.ts'
import type { HeaderBlob } from '../../src/evnode/da-blob.ts'

/** One signed block. */
export interface Signed {
  readonly height: number
  readonly hash: string
  readonly parent: string
  readonly atMs: number
  /** The process that signed it, in words. */
  readonly by: string
}

/** A store: its newest block on top of the rest. Equal stores are the same object. */
export interface Store {
  readonly id: number
  readonly top: Signed
  readonly below: Store | null
}

/** What the chain's key has signed, anywhere, and what every node's store holds. */
export class Chain {
  readonly chainId: string
  readonly proposer: string
  readonly namespace: string
  readonly #stores = new Map<string, Store>()
  readonly #byId = new Map<number, Store>()
  /** Every signature, by height. */
  readonly signed = new Map<number, Signed[]>()
  /** Headers as they lie on DA, by DA height. */
  readonly da: Signed[][] = [[]]
  #pending: Signed[] = []
  #count = 0

  constructor(chainId: string, proposer: string, namespace: string) {
    this.chainId = chainId
    this.proposer = proposer
    this.namespace = namespace
  }

  sign(below: Store | null, atMs: number, by: string): Signed {
    const height = (below?.top.height ?? 0) + 1
    const parent = below?.top.hash ?? ''
    // Two processes that sign at one moment sign two different headers all the same.
    const hash = digest('sha256', `${height} ${parent} ${atMs} ${by} ${this.#count++}`, 'base64')
    const block = { height, hash, parent, atMs, by }
    const there = this.signed.get(height) ?? []
    there.push(block)
    this.signed.set(height, there)
    this.#pending.push(block)
    return block
  }

  onTop(top: Signed, below: Store | null): Store {
    const key = `${top.hash} ${below?.id ?? 0}`
    const known = this.#stores.get(key)
    if (known !== undefined) return known
    const store = { id: this.#stores.size + 1, top, below }
    this.#stores.set(key, store)
    this.#byId.set(store.id, store)
    return store
  }

  /** The store a file's content stands for; null for an empty one. */
  store(id: number): Store | null {
    return this.#byId.get(id) ?? null
  }

  /** DA takes what was submitted since its last height. */
  daTick(): void {
    this.da.push(this.#pending)
    this.#pending = []
  }

  blobsAt(height: number): HeaderBlob[] {
    return (this.da[height] ?? []).map((block) => ({
      header: this.#header(block),
      hash: block.hash,
      signature: '',
      signerAddress: this.proposer,
      signerPubKey: '',
      validSignature: true,
    }))
  }

  block(signed: Signed): Block {
    return {
      header: this.#header(signed),
      hash: signed.hash,
      signature: '',
      signerAddress: this.proposer,
      signerPubKey: '',
      transactionCount: 0,
      headerDaHeight: 0,
      dataDaHeight: 0,
    }
  }

  #header({ height, atMs, parent }: Signed): Block['header'] {
    return {
      versionBlock: 1,
      versionApp: 0,
      height,
      timeNs: `${Math.round(atMs)}000000`,
      lastHeaderHash: parent,
      dataHash: '',
      appHash: '',
      proposerAddress: this.proposer,
      validatorHash: '',
      chainId: this.chainId,
    }
  }

  signedTwice(): number[] {
    return [...this.signed].filter(([, blocks]) => blocks.length > 1).map(([height]) => height)
  }
}

export const heightOf = (store: Store | null): number => store?.top.height ?? 0

/** The block of a height in a store. */
export function blockAt(store: Store | null, height: number): Signed | null {
  let at = store
  while (at !== null && at.top.height > height) at = at.below
  return at !== null && at.top.height === height ? at.top : null
}

import type { Verdict } from './judge.ts'

const quorum = 3

/** What is kept of one cutover. */
export interface Round {
  readonly way: string
  /** Its short name. */
  readonly key: string
  /** How many times the data. */
  readonly size: number
  /** ISO 8601. */
  readonly at: string
  readonly real: boolean
  readonly data?: { readonly apparent: number; readonly real: number }
  readonly verdict?: Verdict
  readonly evha?: {
    readonly checkMs: number
    readonly memoryMb: number
    readonly seededBytes: number
    readonly seedMs: number
    /** As evha itself reports them. */
    readonly gapMs: number | null
    readonly ownMs: number | null
  }
  /** What the tool that cut over said when it failed. */
  readonly error?: string
  /** Why there is no verdict. */
  readonly failed?: string
}

/** A chain that stands still, or that the old sequencer went on with, has no gap to be counted. */
export function cameOver({ verdict }: Round): boolean {
  return verdict !== undefined && verdict.gapMs !== null && verdict.voting >= quorum
}

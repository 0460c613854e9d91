/** A block as far as it is executed. */
export interface Executable {
  readonly height: number
  /** Nanoseconds since 1970, in decimal. */
  readonly timeNs: string
  /** Base64. */
  readonly transactions: readonly string[]
  /** The state before it, base64. */
  readonly appHash: string
}

/** What gives blocks their state: the test application's own, or an execution client. States are base64. */
export interface Executor {
  /** True where a block is executed before it is signed, as the real node does with each; the stand-in's own state takes only what stands. */
  readonly executesFirst: boolean
  /** The state before the first block. Throws NodeFailure. */
  init(): Promise<string>
  /** The state after a block. Throws NodeFailure when it can not be had. */
  execute(block: Executable): Promise<string>
  /** Brings it to a height of the store, forward or back, before a node takes up its work. Throws NodeFailure. */
  syncTo(height: number, stop: AbortSignal): Promise<void>
  /** Transactions that came in elsewhere than at the node. */
  transactions(): Promise<readonly Buffer[]>
  /** The end of the process. */
  end(): void
}

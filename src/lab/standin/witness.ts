import { closeSync, openSync, writeSync } from 'node:fs'
import { blockHash, type Header } from '../../evnode/block.ts'

/**
 * The evidence of heights signed twice: a line for each header that is signed, before anybody is told, and one for each
 * that is kept, by who signed it or by who follows. A leader that is killed between signature and quorum leaves a header
 * that no store ever holds and nobody outside of Raft sees; the next leader signs that height anew, as behind the real
 * node (evnode.md B 4: Raft comes before the store, P2P and DA). Only headers that were kept make a fork.
 */
export class Witness {
  readonly #fd: number | undefined
  readonly #nodeId: string

  constructor(file: string | undefined, nodeId: string) {
    // Appended by several processes of one host, one line each: a single small write does not mix.
    this.#fd = file === undefined ? undefined : openSync(file, 'a', 0o600)
    this.#nodeId = nodeId
  }

  signed(header: Header): void {
    this.#note('signed', header)
  }

  /** It stands in a store now. */
  kept(header: Header): void {
    this.#note('kept', header)
  }

  #note(what: 'signed' | 'kept', header: Header): void {
    if (this.#fd === undefined) return
    const line = {
      what,
      height: header.height,
      hash: blockHash(header),
      time: header.timeNs,
      nodeId: this.#nodeId,
      pid: process.pid,
    }
    writeSync(this.#fd, `${JSON.stringify(line)}\n`)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }
}

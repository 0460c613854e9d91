import { closeSync, openSync, writeSync } from 'node:fs'
import { blockHash, type Header } from '../../evnode/block.ts'

/** Notes every header that is signed, before anybody is told: the evidence of heights signed twice. */
export class Witness {
  readonly #fd: number | undefined
  readonly #nodeId: string

  constructor(file: string | undefined, nodeId: string) {
    // Appended by several processes of one host, one line each: a single small write does not mix.
    this.#fd = file === undefined ? undefined : openSync(file, 'a', 0o600)
    this.#nodeId = nodeId
  }

  note(header: Header): void {
    if (this.#fd === undefined) return
    const line = {
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

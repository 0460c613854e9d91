import { inspect } from 'node:util'

const printed = '[redacted]'

/** Bytes that must never be printed, logged or journaled; every printed form is `[redacted]`. */
export class Secret {
  readonly #bytes: Buffer

  constructor(content: Buffer | string) {
    this.#bytes = Buffer.from(content)
  }

  /** The bytes themselves, for the one pipe they are meant for. */
  reveal(): Buffer {
    return this.#bytes
  }

  toString(): string {
    return printed
  }

  toJSON(): string {
    return printed
  }

  [inspect.custom](): string {
    return printed
  }
}

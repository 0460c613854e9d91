/**
 * What a process of the shell knows by name. A child begins with what its parent knows, and copies it when it first
 * changes something: most only read.
 */
export class Variables<Value> {
  #all: Map<string, Value>
  #isOwn: boolean

  constructor(from: Variables<Value> | null) {
    this.#all = from === null ? new Map() : from.#all
    this.#isOwn = from === null
  }

  get all(): ReadonlyMap<string, Value> {
    return this.#all
  }

  /** A child that is not waited for begins here: neither is to see what the other changes. */
  share(): void {
    this.#isOwn = false
  }

  /** To be changed. */
  own(): Map<string, Value> {
    if (!this.#isOwn) {
      this.#all = new Map(this.#all)
      this.#isOwn = true
    }
    return this.#all
  }
}

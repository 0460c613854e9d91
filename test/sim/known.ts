/**
 * What was made of a text, kept so that it is made once. Texts that name a run come with each seed and never again: when
 * so many are there, all go, and those that are asked for come back.
 */
export class Known<Made> {
  readonly #made = new Map<string, Made>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  of(text: string, make: (text: string) => Made): Made {
    const known = this.#made.get(text)
    if (known !== undefined) return known
    const made = make(text)
    if (this.#made.size >= this.#max) this.#made.clear()
    this.#made.set(text, made)
    return made
  }
}

/** Where a reader stands in the text of a script. */
export class Cursor {
  readonly text: string
  i = 0

  constructor(text: string) {
    this.text = text
  }

  get char(): string | undefined {
    return this.text[this.i]
  }

  get next(): string | undefined {
    return this.text[this.i + 1]
  }

  get isOver(): boolean {
    return this.i >= this.text.length
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.i)
  }

  /** The text from here on, no longer than so many characters. */
  ahead(length: number): string {
    return this.text.slice(this.i, this.i + length)
  }

  /** Blanks, line continuations and comments. */
  blanks(): void {
    for (;;) {
      const c = this.char
      if (c === ' ' || c === '\t') this.i++
      else if (c === '\\' && this.next === '\n') this.i += 2
      else if (c === '#') {
        const end = this.text.indexOf('\n', this.i)
        this.i = end === -1 ? this.text.length : end
      } else return
    }
  }

  /** The same, and what ends a command. */
  lines(): void {
    for (;;) {
      this.blanks()
      const c = this.char
      if (c === '\n' || (c === ';' && this.next !== ';')) this.i++
      else return
    }
  }

  /** The plain word that stands here. */
  peek(): string {
    return /^[^\s;&|()<>'"$\\]+/.exec(this.ahead(40))?.[0] ?? ''
  }

  at(word: string): boolean {
    if (word === ')') return this.char === ')'
    return this.peek() === word
  }

  expect(word: string): void {
    this.lines()
    if (!this.at(word)) throw this.unknown(`something else than ${word}`)
    this.i += word.length
  }

  unknown(what: string): Error {
    return new Error(`the simulated shell does not know ${what} at: ${this.ahead(60)}`)
  }
}

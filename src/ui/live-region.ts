import { stripVTControlCharacters } from 'node:util'
import { widthMax } from './columns.ts'
import type { TextSink } from './style.ts'

/** A terminal whose last rows may be drawn anew. */
export interface Terminal extends TextSink {
  readonly rows?: number | undefined
}

/**
 * The last rows of a terminal, drawn anew in place, while lines that stay scroll past above them. Each change is one
 * write, and every row is cleared behind its end, so that nothing flickers.
 */
export class LiveRegion implements TextSink {
  readonly isTTY = true
  readonly #terminal: Terminal
  #lines: readonly string[] = []
  #drawnRows = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  get columns(): number | undefined {
    return this.#terminal.columns
  }

  /** Whole lines that stay; they come above the region. */
  write(text: string): void {
    this.#terminal.write(`${this.#erased()}${text}${this.#drawn()}`)
  }

  /** What the region shows from now on; no lines take it away. */
  show(lines: readonly string[]): void {
    this.#lines = lines
    const back = up(this.#drawnRows)
    this.#terminal.write(`${back}${this.#drawn()}${erase}`)
  }

  #erased(): string {
    const back = `${up(this.#drawnRows)}${this.#drawnRows === 0 ? '' : erase}`
    this.#drawnRows = 0
    return back
  }

  /** As many lines as the screen has room for; a narrower window since the last time is reckoned with. */
  #drawn(): string {
    const columns = this.#terminal.columns || widthMax
    let room = Math.max(1, (this.#terminal.rows || 24) - 1)
    const shown = this.#lines.filter((line) => {
      room -= rowsOf(line, columns)
      return room >= 0
    })
    this.#drawnRows = shown.reduce((sum, line) => sum + rowsOf(line, columns), 0)
    return shown.map((line) => `${line}\u001b[K\n`).join('')
  }
}

const erase = '\u001b[J'
const up = (rows: number) => (rows === 0 ? '' : `\u001b[${rows}A\r`)

/** A command to copy is never broken, so it may take more than one row of the screen. */
const rowsOf = (line: string, columns: number) =>
  Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns))

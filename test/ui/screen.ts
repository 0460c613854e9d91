/** A terminal in memory that knows the few movements evha uses, and refuses any other. */
export class Screen {
  readonly isTTY = true
  columns: number
  rows: number
  /** How often it was written to. */
  writes = 0
  readonly #cells: string[] = ['']
  #row = 0
  /** Nothing was written on this row since the cursor came to it. */
  #fresh = true

  constructor(columns = 80, rows = 24) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    this.writes += 1
    const [before = '', ...movements] = text.split('\u001b')
    this.#print(before)
    for (const one of movements) {
      const [movement = ''] = /^\[[0-9;]*[A-Za-z]/.exec(one) ?? []
      this.#move(movement)
      this.#print(one.slice(movement.length))
    }
  }

  /** What stands on it, colours left out, without what is empty at its end. */
  get text(): string {
    return this.#cells.join('\n').trimEnd()
  }

  #move(movement: string): void {
    const up = /^\[(\d+)A$/.exec(movement)
    if (up !== null) {
      this.#row -= Number(up[1])
      this.#fresh = true
      if (this.#row < 0) throw new Error('the cursor left the screen')
    } else if (movement === '[J') this.#cells.splice(this.#row, this.#cells.length, '')
    // Cells are written whole, so there is nothing behind their end; colours are not kept.
    else if (movement !== '[K' && !movement.endsWith('m'))
      throw new Error(`unknown movement ${JSON.stringify(movement)}`)
  }

  #print(text: string): void {
    const [first = '', ...more] = text.replaceAll('\r', '').split('\n')
    this.#add(first)
    for (const line of more) {
      this.#newRow()
      this.#add(line)
    }
  }

  #add(text: string): void {
    if (text === '') return
    this.#cells[this.#row] = this.#fresh ? text : `${this.#cells[this.#row]}${text}`
    this.#fresh = false
  }

  /** A line that is wider than the screen takes more rows, as on a real one. */
  #newRow(): void {
    const line = this.#cells[this.#row] ?? ''
    if (line.length > this.columns) {
      this.#cells[this.#row] = line.slice(0, this.columns)
      this.#row += 1
      this.#cells[this.#row] = line.slice(this.columns)
    }
    this.#row += 1
    this.#cells[this.#row] ??= ''
    this.#fresh = true
  }
}

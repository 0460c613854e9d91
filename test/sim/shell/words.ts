import { Cursor } from './cursor.ts'
import { type Node, type Part, type Word, wordOf } from './tree.ts'

/** Collects the parts of a word; characters that stand one after the other are one part. */
class Parts {
  readonly all: Part[] = []
  #text = ''

  character(c: string): void {
    this.#text += c
  }

  add(part: Part): void {
    this.flush(false)
    this.all.push(part)
  }

  flush(quoted: boolean): void {
    if (this.#text !== '') this.all.push({ t: 'text', s: this.#text, quoted })
    this.#text = ''
  }
}

/** Reads commands, up to one of those words. */
type ReadsCommands = (at: Cursor, until: readonly string[]) => Node

/** Reads the words of a script: quotes, variables, substitutions. */
export class WordReader {
  readonly #at: Cursor
  readonly #list: ReadsCommands

  /** `list` reads the commands of a substitution. */
  constructor(at: Cursor, list: ReadsCommands) {
    this.#at = at
    this.#list = list
  }

  /** A word; `maybeEmpty` for the value of an assignment. */
  word(maybeEmpty = false): Word {
    const at = this.#at
    const begin = at.i
    const parts = this.#parts((c) => c === undefined || ' \t\n;&|()<>'.includes(c))
    if (at.i === begin && !maybeEmpty) throw at.unknown('a word')
    return wordOf(parts)
  }

  /** What stands behind the operator of `${name…}`. */
  #untilBrace(): Word {
    const at = this.#at
    const parts = this.#parts((c) => {
      if (c === undefined) throw at.unknown('an open brace')
      return c === '}'
    })
    at.i++
    return wordOf(parts)
  }

  #parts(ends: (c: string | undefined) => boolean): Part[] {
    const at = this.#at
    const parts = new Parts()
    for (;;) {
      const c = at.char
      if (ends(c) || c === undefined) {
        parts.flush(false)
        return parts.all
      }
      if (c === "'") {
        const end = at.text.indexOf("'", at.i + 1)
        if (end === -1) throw at.unknown('an open quote')
        parts.add({ t: 'text', s: at.text.slice(at.i + 1, end), quoted: true })
        at.i = end + 1
      } else if (c === '"') {
        parts.flush(false)
        parts.all.push(...this.#quoted())
      } else if (c === '\\') {
        parts.add({ t: 'text', s: at.next ?? '', quoted: true })
        at.i += 2
      } else if (c === '$') parts.add(this.#dollar(false))
      else if (c === '`') throw at.unknown('a backtick')
      else {
        parts.character(c)
        at.i++
      }
    }
  }

  /** Between double quotes; an empty pair is a part too. */
  #quoted(): Part[] {
    const at = this.#at
    const parts = new Parts()
    at.i++
    for (;;) {
      const c = at.char
      if (c === undefined) throw at.unknown('an open quote')
      if (c === '"') break
      if (c === '\\' && '$`"\\\n'.includes(at.next ?? '')) {
        if (at.next !== '\n') parts.character(at.next ?? '')
        at.i += 2
      } else if (c === '$') {
        parts.flush(true)
        parts.all.push(this.#dollar(true))
      } else {
        parts.character(c)
        at.i++
      }
    }
    at.i++
    parts.flush(true)
    return parts.all.length === 0 ? [{ t: 'text', s: '', quoted: true }] : parts.all
  }

  #dollar(quoted: boolean): Part {
    const at = this.#at
    const rest = at.ahead(80)
    if (rest.startsWith('$((')) {
      const end = at.text.indexOf('))', at.i)
      const inner = new Cursor(`"${at.text.slice(at.i + 3, end)}"`)
      at.i = end + 2
      return { t: 'sum', arg: new WordReader(inner, this.#list).word(), quoted }
    }
    if (rest.startsWith('$(')) {
      at.i += 2
      const body = this.#list(at, [')'])
      at.expect(')')
      return { t: 'run', body, quoted }
    }
    const nothing = wordOf([])
    const plain = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)
    if (plain !== null) {
      at.i += plain[0].length
      return { t: 'var', name: plain[1] as string, op: '', arg: nothing, quoted }
    }
    const length = /^\$\{#([A-Za-z_]\w*|[0-9])\}/.exec(rest)
    if (length !== null) {
      at.i += length[0].length
      return { t: 'var', name: length[1] as string, op: 'length', arg: nothing, quoted }
    }
    const braced = /^\$\{([A-Za-z_]\w*|[0-9@*#?]+)(%%|##|:-|:\+|:=|%|#|-|\+)?/.exec(rest)
    if (braced === null) {
      at.i++
      return { t: 'text', s: '$', quoted }
    }
    at.i += braced[0].length
    return { t: 'var', name: braced[1] as string, op: braced[2] ?? '', arg: this.#untilBrace(), quoted }
  }
}

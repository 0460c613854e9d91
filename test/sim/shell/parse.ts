// The part of the POSIX shell's grammar that evha's scripts are written in. What is not known here does not parse.

export type Part =
  | { readonly t: 'text'; readonly s: string; readonly quoted: boolean }
  | {
      readonly t: 'var'
      readonly name: string
      readonly op: string
      readonly arg: Word
      readonly quoted: boolean
    }
  | { readonly t: 'run'; readonly body: Node; readonly quoted: boolean }
  | { readonly t: 'sum'; readonly arg: Word; readonly quoted: boolean }
export type Word = readonly Part[]

export interface Redirection {
  readonly fd: number
  readonly op: '<' | '>' | '>>' | '<&' | '>&'
  readonly to: Word
}

export type Node =
  | {
      readonly k: 'simple'
      readonly assigns: readonly (readonly [string, Word])[]
      readonly words: readonly Word[]
      readonly redirections: readonly Redirection[]
    }
  | { readonly k: 'pipe'; readonly parts: readonly Node[]; readonly not: boolean }
  | { readonly k: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly k: 'list'; readonly items: readonly Node[] }
  | { readonly k: 'background'; readonly body: Node }
  | {
      readonly k: 'if'
      readonly arms: readonly (readonly [Node, Node])[]
      readonly other: Node | null
      readonly redirections: readonly Redirection[]
    }
  | {
      readonly k: 'while'
      readonly until: boolean
      readonly test: Node
      readonly body: Node
      readonly redirections: readonly Redirection[]
    }
  | {
      readonly k: 'for'
      readonly name: string
      readonly words: readonly Word[] | null
      readonly body: Node
      readonly redirections: readonly Redirection[]
    }
  | {
      readonly k: 'case'
      readonly word: Word
      readonly arms: readonly (readonly [readonly Word[], Node])[]
      readonly redirections: readonly Redirection[]
    }
  | { readonly k: 'group' | 'subshell'; readonly body: Node; readonly redirections: readonly Redirection[] }
  | { readonly k: 'function'; readonly name: string; readonly body: Node }

const parsed = new Map<string, Node>()

/** Each script is read once; its text is the same on every host and in every run. */
export function parse(text: string): Node {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const parser = new Parser(text)
  const node = parser.list([])
  parser.end()
  parsed.set(text, node)
  return node
}

const reserved = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}', ')'])

class Parser {
  readonly #s: string
  #i = 0

  constructor(text: string) {
    this.#s = text
  }

  end(): void {
    this.#lines()
    if (this.#i < this.#s.length) throw this.#unknown('this')
  }

  list(until: readonly string[]): Node {
    const items: Node[] = []
    for (;;) {
      this.#lines()
      if (
        this.#i >= this.#s.length ||
        until.some((word) => this.#at(word)) ||
        this.#s.startsWith(';;', this.#i)
      )
        break
      if (reserved.has(this.#peek())) break
      const item = this.#andOr()
      this.#blanks()
      if (this.#s[this.#i] === '&' && this.#s[this.#i + 1] !== '&') {
        this.#i++
        items.push({ k: 'background', body: item })
      } else items.push(item)
    }
    return items.length === 1 ? (items[0] as Node) : { k: 'list', items }
  }

  #andOr(): Node {
    let left = this.#pipe()
    for (;;) {
      this.#blanks()
      const two = this.#s.slice(this.#i, this.#i + 2)
      if (two !== '&&' && two !== '||') return left
      this.#i += 2
      this.#lines()
      left = { k: two === '&&' ? 'and' : 'or', left, right: this.#pipe() }
    }
  }

  #pipe(): Node {
    this.#blanks()
    const not = this.#at('!')
    if (not) this.#i++
    const parts = [this.#command()]
    for (;;) {
      this.#blanks()
      if (this.#s[this.#i] !== '|' || this.#s[this.#i + 1] === '|') break
      this.#i++
      this.#lines()
      parts.push(this.#command())
    }
    return parts.length === 1 && !not ? (parts[0] as Node) : { k: 'pipe', parts, not }
  }

  #command(): Node {
    this.#blanks()
    if (this.#s[this.#i] === '(') {
      this.#i++
      const body = this.list([')'])
      this.#expect(')')
      return { k: 'subshell', body, redirections: this.#redirections() }
    }
    const word = this.#peek()
    switch (word) {
      case '{': {
        this.#i++
        const body = this.list(['}'])
        this.#expect('}')
        return { k: 'group', body, redirections: this.#redirections() }
      }
      case 'if':
        return this.#if()
      case 'while':
      case 'until': {
        this.#i += word.length
        const test = this.list(['do'])
        const body = this.#do()
        return { k: 'while', until: word === 'until', test, body, redirections: this.#redirections() }
      }
      case 'for':
        return this.#for()
      case 'case':
        return this.#case()
    }
    const named = /^([A-Za-z_]\w*)\(\)/.exec(this.#s.slice(this.#i, this.#i + 60))
    if (named === null) return this.#simple()
    this.#i += named[0].length
    this.#lines()
    return { k: 'function', name: named[1] as string, body: this.#command() }
  }

  #if(): Node {
    const arms: [Node, Node][] = []
    let other: Node | null = null
    this.#i += 2
    for (;;) {
      const test = this.list(['then'])
      this.#expect('then')
      arms.push([test, this.list(['elif', 'else', 'fi'])])
      if (this.#at('elif')) {
        this.#i += 4
        continue
      }
      if (this.#at('else')) {
        this.#i += 4
        other = this.list(['fi'])
      }
      this.#expect('fi')
      return { k: 'if', arms, other, redirections: this.#redirections() }
    }
  }

  #for(): Node {
    this.#i += 3
    this.#blanks()
    const name = this.#peek()
    this.#i += name.length
    this.#blanks()
    let words: Word[] | null = null
    if (this.#at('in')) {
      this.#i += 2
      words = []
      for (;;) {
        this.#blanks()
        if (this.#s[this.#i] === ';' || this.#s[this.#i] === '\n') break
        words.push(this.#word())
      }
    }
    this.#lines()
    return { k: 'for', name, words, body: this.#do(), redirections: this.#redirections() }
  }

  #case(): Node {
    this.#i += 4
    this.#blanks()
    const word = this.#word()
    this.#lines()
    this.#expect('in')
    const arms: [Word[], Node][] = []
    for (;;) {
      this.#lines()
      if (this.#at('esac')) break
      if (this.#s[this.#i] === '(') this.#i++
      const patterns: Word[] = []
      for (;;) {
        this.#blanks()
        patterns.push(this.#word())
        this.#blanks()
        if (this.#s[this.#i] !== '|') break
        this.#i++
      }
      this.#expect(')')
      arms.push([patterns, this.list(['esac'])])
      this.#lines()
      if (this.#s.startsWith(';;', this.#i)) this.#i += 2
    }
    this.#expect('esac')
    return { k: 'case', word, arms, redirections: this.#redirections() }
  }

  #do(): Node {
    this.#lines()
    this.#expect('do')
    const body = this.list(['done'])
    this.#expect('done')
    return body
  }

  #simple(): Node {
    const assigns: [string, Word][] = []
    const words: Word[] = []
    const redirections: Redirection[] = []
    for (;;) {
      this.#blanks()
      const redirection = this.#redirection()
      if (redirection !== null) {
        redirections.push(redirection)
        continue
      }
      const c = this.#s[this.#i]
      if (c === undefined || '\n;&|)'.includes(c)) break
      if (c === '(') throw this.#unknown('a parenthesis')
      const assign = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.#s.slice(this.#i, this.#i + 60)) : null
      if (assign !== null) {
        this.#i += assign[0].length
        assigns.push([assign[1] as string, this.#word(true)])
      } else words.push(this.#word())
    }
    if (assigns.length === 0 && words.length === 0 && redirections.length === 0)
      throw this.#unknown('a command')
    return { k: 'simple', assigns, words, redirections }
  }

  #redirections(): Redirection[] {
    const all: Redirection[] = []
    for (;;) {
      this.#blanks()
      const one = this.#redirection()
      if (one === null) return all
      all.push(one)
    }
  }

  #redirection(): Redirection | null {
    const found = /^(\d?)(<&|>&|>>|<|>)/.exec(this.#s.slice(this.#i, this.#i + 4))
    if (found === null || this.#s.startsWith('<<', this.#i + (found[1]?.length ?? 0))) return null
    this.#i += found[0].length
    this.#blanks()
    const op = found[2] as Redirection['op']
    return { fd: found[1] === '' ? (op.startsWith('<') ? 0 : 1) : Number(found[1]), op, to: this.#word() }
  }

  /** A word; `maybeEmpty` for the value of an assignment. */
  #word(maybeEmpty = false): Word {
    const parts: Part[] = []
    let text = ''
    const flush = (): void => {
      if (text !== '') parts.push({ t: 'text', s: text, quoted: false })
      text = ''
    }
    const begin = this.#i
    for (;;) {
      const c = this.#s[this.#i]
      if (c === undefined || ' \t\n;&|()<>'.includes(c)) break
      if (c === "'") {
        flush()
        const end = this.#s.indexOf("'", this.#i + 1)
        if (end === -1) throw this.#unknown('an open quote')
        parts.push({ t: 'text', s: this.#s.slice(this.#i + 1, end), quoted: true })
        this.#i = end + 1
      } else if (c === '"') {
        flush()
        this.#i++
        this.#quoted(parts)
      } else if (c === '\\') {
        flush()
        parts.push({ t: 'text', s: this.#s[this.#i + 1] ?? '', quoted: true })
        this.#i += 2
      } else if (c === '$') {
        flush()
        parts.push(this.#dollar(false))
      } else if (c === '`') throw this.#unknown('a backtick')
      else {
        text += c
        this.#i++
      }
    }
    flush()
    if (this.#i === begin && !maybeEmpty) throw this.#unknown('a word')
    return parts
  }

  #quoted(parts: Part[]): void {
    let text = ''
    const flush = (): void => {
      parts.push({ t: 'text', s: text, quoted: true })
      text = ''
    }
    for (;;) {
      const c = this.#s[this.#i]
      if (c === undefined) throw this.#unknown('an open quote')
      if (c === '"') break
      if (c === '\\' && '$`"\\\n'.includes(this.#s[this.#i + 1] ?? '')) {
        if (this.#s[this.#i + 1] !== '\n') text += this.#s[this.#i + 1]
        this.#i += 2
      } else if (c === '$') {
        flush()
        parts.push(this.#dollar(true))
      } else {
        text += c
        this.#i++
      }
    }
    this.#i++
    flush()
  }

  #dollar(quoted: boolean): Part {
    const rest = this.#s.slice(this.#i, this.#i + 80)
    if (rest.startsWith('$((')) {
      const end = this.#s.indexOf('))', this.#i)
      const inner = new Parser(`"${this.#s.slice(this.#i + 3, end)}"`)
      this.#i = end + 2
      return { t: 'sum', arg: inner.#word(), quoted }
    }
    if (rest.startsWith('$(')) {
      this.#i += 2
      const body = this.list([')'])
      this.#expect(')')
      return { t: 'run', body, quoted }
    }
    const plain = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)
    if (plain !== null) {
      this.#i += plain[0].length
      return { t: 'var', name: plain[1] as string, op: '', arg: [], quoted }
    }
    const length = /^\$\{#([A-Za-z_]\w*|[0-9])\}/.exec(rest)
    if (length !== null) {
      this.#i += length[0].length
      return { t: 'var', name: length[1] as string, op: 'length', arg: [], quoted }
    }
    const braced = /^\$\{([A-Za-z_]\w*|[0-9@*#?]+)(%%|##|:-|:\+|:=|%|#|-|\+)?/.exec(rest)
    if (braced === null) {
      this.#i++
      return { t: 'text', s: '$', quoted }
    }
    this.#i += braced[0].length
    const arg = this.#untilBrace()
    return { t: 'var', name: braced[1] as string, op: braced[2] ?? '', arg, quoted }
  }

  #untilBrace(): Word {
    const parts: Part[] = []
    let text = ''
    const flush = (): void => {
      if (text !== '') parts.push({ t: 'text', s: text, quoted: false })
      text = ''
    }
    for (;;) {
      const c = this.#s[this.#i]
      if (c === undefined) throw this.#unknown('an open brace')
      if (c === '}') break
      if (c === "'" || c === '"' || c === '$' || c === '\\') {
        flush()
        if (c === '$') parts.push(this.#dollar(false))
        else if (c === '\\') {
          parts.push({ t: 'text', s: this.#s[this.#i + 1] ?? '', quoted: true })
          this.#i += 2
        } else if (c === '"') {
          this.#i++
          this.#quoted(parts)
        } else {
          const end = this.#s.indexOf("'", this.#i + 1)
          parts.push({ t: 'text', s: this.#s.slice(this.#i + 1, end), quoted: true })
          this.#i = end + 1
        }
      } else {
        text += c
        this.#i++
      }
    }
    flush()
    this.#i++
    return parts
  }

  #blanks(): void {
    for (;;) {
      const c = this.#s[this.#i]
      if (c === ' ' || c === '\t') this.#i++
      else if (c === '\\' && this.#s[this.#i + 1] === '\n') this.#i += 2
      else if (c === '#') {
        const end = this.#s.indexOf('\n', this.#i)
        this.#i = end === -1 ? this.#s.length : end
      } else return
    }
  }

  #lines(): void {
    for (;;) {
      this.#blanks()
      const c = this.#s[this.#i]
      if (c === '\n' || (c === ';' && this.#s[this.#i + 1] !== ';')) this.#i++
      else return
    }
  }

  #peek(): string {
    return /^[^\s;&|()<>'"$\\]+/.exec(this.#s.slice(this.#i, this.#i + 40))?.[0] ?? ''
  }

  #at(word: string): boolean {
    if (word === ')') return this.#s[this.#i] === ')'
    return this.#peek() === word
  }

  #expect(word: string): void {
    this.#lines()
    if (!this.#at(word)) throw this.#unknown(`something else than ${word}`)
    this.#i += word.length
  }

  #unknown(what: string): Error {
    return new Error(`the simulated shell does not know ${what} at: ${this.#s.slice(this.#i, this.#i + 60)}`)
  }
}

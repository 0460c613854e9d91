// The part of the POSIX shell's grammar that evha's scripts are written in. What is not known here does not parse.
import { Known } from '../known.ts'
import { Cursor } from './cursor.ts'
import type { Node, Redirection, Word } from './tree.ts'
import { WordReader } from './words.ts'

const parsed = new Known<Node>(500)

/** Each script is read once: its text is the same on every host and, but for those that name the run, in every run. */
export function parse(text: string): Node {
  return parsed.of(text, parsedAnew)
}

function parsedAnew(text: string): Node {
  const at = new Cursor(text)
  const node = commands(at, [])
  at.lines()
  if (!at.isOver) throw at.unknown('this')
  return node
}

const commands = (at: Cursor, until: readonly string[]): Node => new Parser(at).list(until)

const reserved = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}', ')'])

class Parser {
  readonly #at: Cursor
  readonly #words: WordReader

  constructor(at: Cursor) {
    this.#at = at
    this.#words = new WordReader(at, commands)
  }

  list(until: readonly string[]): Node {
    const at = this.#at
    const items: Node[] = []
    for (;;) {
      at.lines()
      if (at.isOver || until.some((word) => at.at(word)) || at.startsWith(';;')) break
      if (reserved.has(at.peek())) break
      const item = this.#andOr()
      at.blanks()
      if (at.char === '&' && at.next !== '&') {
        at.i++
        items.push({ k: 'background', body: item })
      } else items.push(item)
    }
    return items.length === 1 ? (items[0] as Node) : { k: 'list', items }
  }

  #andOr(): Node {
    const at = this.#at
    let left = this.#pipe()
    for (;;) {
      at.blanks()
      const two = at.ahead(2)
      if (two !== '&&' && two !== '||') return left
      at.i += 2
      at.lines()
      left = { k: two === '&&' ? 'and' : 'or', left, right: this.#pipe() }
    }
  }

  #pipe(): Node {
    const at = this.#at
    at.blanks()
    const not = at.at('!')
    if (not) at.i++
    const parts = [this.#command()]
    for (;;) {
      at.blanks()
      if (at.char !== '|' || at.next === '|') break
      at.i++
      at.lines()
      parts.push(this.#command())
    }
    return parts.length === 1 && !not ? (parts[0] as Node) : { k: 'pipe', parts, not }
  }

  #command(): Node {
    const at = this.#at
    at.blanks()
    if (at.char === '(') return this.#enclosed('subshell', '(', ')')
    const word = at.peek()
    switch (word) {
      case '{':
        return this.#enclosed('group', '{', '}')
      case 'if':
        return this.#if()
      case 'while':
      case 'until': {
        at.i += word.length
        const test = this.list(['do'])
        const body = this.#do()
        return { k: 'while', until: word === 'until', test, body, redirections: this.#redirections() }
      }
      case 'for':
        return this.#for()
      case 'case':
        return this.#case()
    }
    const named = /^([A-Za-z_]\w*)\(\)/.exec(at.ahead(60))
    if (named === null) return this.#simple()
    at.i += named[0].length
    at.lines()
    return { k: 'function', name: named[1] as string, body: this.#command() }
  }

  #enclosed(k: 'group' | 'subshell', open: string, close: string): Node {
    this.#at.i += open.length
    const body = this.list([close])
    this.#at.expect(close)
    return { k, body, redirections: this.#redirections() }
  }

  #if(): Node {
    const at = this.#at
    const arms: [Node, Node][] = []
    let other: Node | null = null
    at.i += 2
    for (;;) {
      const test = this.list(['then'])
      at.expect('then')
      arms.push([test, this.list(['elif', 'else', 'fi'])])
      if (at.at('elif')) {
        at.i += 4
        continue
      }
      if (at.at('else')) {
        at.i += 4
        other = this.list(['fi'])
      }
      at.expect('fi')
      return { k: 'if', arms, other, redirections: this.#redirections() }
    }
  }

  #for(): Node {
    const at = this.#at
    at.i += 3
    at.blanks()
    const name = at.peek()
    at.i += name.length
    at.blanks()
    let words: Word[] | null = null
    if (at.at('in')) {
      at.i += 2
      words = []
      for (;;) {
        at.blanks()
        if (at.char === ';' || at.char === '\n') break
        words.push(this.#words.word())
      }
    }
    at.lines()
    return { k: 'for', name, words, body: this.#do(), redirections: this.#redirections() }
  }

  #case(): Node {
    const at = this.#at
    at.i += 4
    at.blanks()
    const word = this.#words.word()
    at.lines()
    at.expect('in')
    const arms: [Word, Node][] = []
    for (;;) {
      at.lines()
      if (at.at('esac')) break
      if (at.char === '(') at.i++
      const patterns = this.#patterns()
      at.expect(')')
      const body = this.list(['esac'])
      for (const pattern of patterns) arms.push([pattern, body])
      at.lines()
      if (at.startsWith(';;')) at.i += 2
    }
    at.expect('esac')
    return { k: 'case', word, arms, redirections: this.#redirections() }
  }

  #patterns(): Word[] {
    const at = this.#at
    const patterns: Word[] = []
    for (;;) {
      at.blanks()
      patterns.push(this.#words.word())
      at.blanks()
      if (at.char !== '|') return patterns
      at.i++
    }
  }

  #do(): Node {
    const at = this.#at
    at.lines()
    at.expect('do')
    const body = this.list(['done'])
    at.expect('done')
    return body
  }

  #simple(): Node {
    const at = this.#at
    const assigns: [string, Word][] = []
    const words: Word[] = []
    const redirections: Redirection[] = []
    for (;;) {
      at.blanks()
      const redirection = this.#redirection()
      if (redirection !== null) {
        redirections.push(redirection)
        continue
      }
      const c = at.char
      if (c === undefined || '\n;&|)'.includes(c)) break
      if (c === '(') throw at.unknown('a parenthesis')
      const assign = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(at.ahead(60)) : null
      if (assign !== null) {
        at.i += assign[0].length
        assigns.push([assign[1] as string, this.#words.word(true)])
      } else words.push(this.#words.word())
    }
    if (assigns.length === 0 && words.length === 0 && redirections.length === 0) throw at.unknown('a command')
    const same = words.every(({ text, globs }) => text !== null && !globs)
    const argv = same ? words.map(({ text }) => text ?? '') : null
    return { k: 'simple', assigns, words, argv, redirections }
  }

  #redirections(): Redirection[] {
    const all: Redirection[] = []
    for (;;) {
      this.#at.blanks()
      const one = this.#redirection()
      if (one === null) return all
      all.push(one)
    }
  }

  #redirection(): Redirection | null {
    const at = this.#at
    const found = /^(\d?)(<&|>&|>>|<|>)/.exec(at.ahead(4))
    if (found === null || at.text.startsWith('<<', at.i + (found[1]?.length ?? 0))) return null
    at.i += found[0].length
    at.blanks()
    const op = found[2] as Redirection['op']
    return {
      fd: found[1] === '' ? (op.startsWith('<') ? 0 : 1) : Number(found[1]),
      op,
      to: this.#words.word(),
    }
  }
}

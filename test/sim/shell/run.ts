import { type Node, parse, type Redirection, type Word } from './parse.ts'

/** Where a command of the shell writes. */
export interface Out {
  write(text: string): void
}

/** A file that a descriptor above 2 holds open; locks belong to it. */
export interface OpenFile {
  readonly path: string
}

export interface Io {
  stdin: { text: string }
  out: Out
  err: Out
  files: Map<number, OpenFile>
}

/** Waits so many simulated ms; 0 is the border between two commands, where a host may go down. */
export type Waits<T> = Generator<number, T, void>

/** What the shell stands on: files and programs of a simulated host. */
export interface Ground {
  readText(path: string): string | null
  writeText(path: string, text: string, append: boolean): boolean
  isDirectory(path: string): boolean
  /** A program by its name; throws for one nobody has modelled. `shell` is the process it is a child of. */
  run(shell: Shell, argv: readonly string[], io: Io): Waits<number>
  /** Starts a command that nobody waits for. */
  background(shell: Shell, body: Node, io: Io): void
  /** A descriptor was closed: its lock goes. */
  closedFile(shell: Shell, path: string): void
  /** A function of a script that is modelled as a whole; null for all others. */
  native(name: string, args: readonly string[], io: Io): number | null
  /** The process is over: its locks go. */
  closed(shell: Shell): void
}

class Ends extends Error {
  readonly code: number
  constructor(code: number) {
    super('exit')
    this.code = code
  }
}
class Leaves extends Error {
  readonly how: 'break' | 'continue' | 'return'
  readonly code: number
  constructor(how: Leaves['how'], code = 0) {
    super(how)
    this.how = how
    this.code = code
  }
}

/** What a script waits for in a loop comes sooner; builtins alone pass no time and no border between two commands. */
const turnsMax = 200_000

let processes = 1000

/** One process of a shell: `sh -c`, with the subset of POSIX that evha's scripts use. */
export class Shell {
  readonly ground: Ground
  readonly pid = ++processes
  /** Where `cd` went; null before. */
  cwd: string | null = null
  #vars: Map<string, string>
  #args: string[]
  #functions: Map<string, Node>
  #errexit = false
  #nounset = false
  #status = 0
  #traps = new Map<string, string>()
  #files = new Map<number, OpenFile>()

  constructor(ground: Ground, args: readonly string[], from?: Shell) {
    this.ground = ground
    this.#args = [...args]
    this.#vars = new Map(from === undefined ? [] : from.#vars)
    this.#functions = new Map(from === undefined ? [] : from.#functions)
    if (from === undefined) return
    this.cwd = from.cwd
    this.#errexit = from.#errexit
    this.#nounset = from.#nounset
    this.#status = from.#status
  }

  get vars(): ReadonlyMap<string, string> {
    return this.#vars
  }

  /** Runs a whole script; its exit code. */
  *script(text: string, io: Io): Waits<number> {
    return yield* this.#whole(parse(text), io)
  }

  /** The rest of a background or subshell body. */
  *body(node: Node, io: Io): Waits<number> {
    return yield* this.#whole(node, io)
  }

  *#whole(node: Node, io: Io): Waits<number> {
    let code: number
    try {
      code = yield* this.#run(node, io, false)
    } catch (thrown) {
      if (thrown instanceof Ends || thrown instanceof Leaves) code = thrown.code
      else throw thrown
    }
    const trap = this.#traps.get('EXIT')
    if (trap !== undefined) {
      this.#traps.delete('EXIT')
      yield* this.#run(parse(trap), io, true)
    }
    this.ground.closed(this)
    return code
  }

  *#run(node: Node, io: Io, judged: boolean): Waits<number> {
    const code = yield* this.#one(node, io, judged)
    this.#status = code
    return code
  }

  *#one(node: Node, io: Io, judged: boolean): Waits<number> {
    switch (node.k) {
      case 'simple':
        return this.#judge(yield* this.#simple(node, io), judged)
      case 'list': {
        let code = 0
        for (const item of node.items) code = yield* this.#run(item, io, judged)
        return code
      }
      case 'and':
      case 'or': {
        const left = yield* this.#run(node.left, io, true)
        if ((left === 0) !== (node.k === 'and')) return left
        return yield* this.#run(node.right, io, judged)
      }
      case 'pipe':
        return this.#judge(yield* this.#pipe(node, io, judged || node.not), judged || node.not)
      case 'background':
        this.ground.background(this, node.body, io)
        return 0
      case 'function':
        this.#functions.set(node.name, node.body)
        return 0
      case 'subshell': {
        const code = yield* this.#redirected(node.redirections, io, (inner) =>
          new Shell(this.ground, this.#args, this).body(node.body, inner),
        )
        return this.#judge(code, judged)
      }
      case 'group':
        return yield* this.#redirected(node.redirections, io, (inner) => this.#run(node.body, inner, judged))
      default:
        return yield* this.#redirected(node.redirections, io, (inner) => this.#compound(node, inner, judged))
    }
  }

  *#compound(
    node: Extract<Node, { k: 'if' | 'while' | 'for' | 'case' }>,
    io: Io,
    judged: boolean,
  ): Waits<number> {
    switch (node.k) {
      case 'if': {
        for (const [test, body] of node.arms)
          if ((yield* this.#run(test, io, true)) === 0) return yield* this.#run(body, io, judged)
        return node.other === null ? 0 : yield* this.#run(node.other, io, judged)
      }
      case 'while': {
        let code = 0
        for (let turns = 0; ((yield* this.#run(node.test, io, true)) === 0) !== node.until; turns++) {
          if (turns > turnsMax) throw new Error(`a loop of a script turns more than ${turnsMax} times`)
          const leaves = yield* this.#turn(node.body, io, judged)
          if (typeof leaves === 'number') code = leaves
          else if (leaves === 'break') break
        }
        return code
      }
      case 'for': {
        let code = 0
        const words = node.words === null ? [...this.#args] : yield* this.#fields(node.words, io)
        for (const word of words) {
          this.#vars.set(node.name, word)
          const leaves = yield* this.#turn(node.body, io, judged)
          if (typeof leaves === 'number') code = leaves
          else if (leaves === 'break') break
        }
        return code
      }
      case 'case': {
        const word = yield* this.#text(node.word, io)
        for (const [patterns, body] of node.arms)
          for (const pattern of patterns)
            if (globOf(yield* this.#glob(pattern, io)).test(word)) return yield* this.#run(body, io, judged)
        return 0
      }
    }
  }

  *#turn(body: Node, io: Io, judged: boolean): Waits<number | 'break' | 'continue'> {
    try {
      return yield* this.#run(body, io, judged)
    } catch (thrown) {
      if (thrown instanceof Leaves && thrown.how !== 'return') return thrown.how
      throw thrown
    }
  }

  *#pipe(node: Extract<Node, { k: 'pipe' }>, io: Io, judged: boolean): Waits<number> {
    const [first] = node.parts
    if (node.parts.length === 1 && first !== undefined) {
      const code = yield* this.#run(first, io, judged)
      return node.not ? (code === 0 ? 1 : 0) : code
    }
    let stdin = io.stdin
    let code = 0
    for (const [i, part] of node.parts.entries()) {
      const last = i === node.parts.length - 1
      const piped = new Text()
      const inner = { ...io, stdin, out: last ? io.out : piped }
      code = yield* new Shell(this.ground, this.#args, this).body(part, inner)
      stdin = { text: piped.text }
    }
    return node.not ? (code === 0 ? 1 : 0) : code
  }

  #judge(code: number, judged: boolean): number {
    if (code !== 0 && this.#errexit && !judged) throw new Ends(code)
    return code
  }

  *#simple(node: Extract<Node, { k: 'simple' }>, io: Io): Waits<number> {
    const argv = yield* this.#fields(node.words, io)
    const [name, ...args] = argv
    if (name === undefined) {
      let status = 0
      for (const [variable, word] of node.assigns) {
        this.#status = 0
        this.#vars.set(variable, yield* this.#text(word, io))
        status = this.#status
      }
      // A redirection alone opens its file.
      return yield* this.#redirected(node.redirections, io, () => ended(status))
    }
    const before = new Map<string, string | undefined>()
    for (const [variable, word] of node.assigns) {
      before.set(variable, this.#vars.get(variable))
      this.#vars.set(variable, yield* this.#text(word, io))
    }
    if (name === 'exec' && args.length === 0) {
      for (const one of node.redirections) {
        const path = yield* this.#text(one.to, io)
        if (path === '-') {
          const open = this.#files.get(one.fd)
          if (open !== undefined) this.ground.closedFile(this, open.path)
          this.#files.delete(one.fd)
        } else if (one.op === '>') {
          if (!this.ground.isDirectory(path) && !this.ground.writeText(path, '', false)) throw new Ends(2)
          this.#files.set(one.fd, { path })
        } else if (one.op === '<') {
          if (!this.ground.isDirectory(path) && this.ground.readText(path) === null) throw new Ends(2)
          this.#files.set(one.fd, { path })
        }
      }
      return 0
    }
    try {
      return yield* this.#redirected(node.redirections, io, (inner) => this.#call(name, args, inner))
    } finally {
      for (const [variable, value] of before)
        if (value === undefined) this.#vars.delete(variable)
        else this.#vars.set(variable, value)
    }
  }

  *#call(name: string, args: readonly string[], io: Io): Waits<number> {
    const body = this.#functions.get(name)
    if (body !== undefined) {
      const native = this.ground.native(name, args, io)
      if (native !== null) return native
      const outer = this.#args
      this.#args = [...args]
      try {
        return yield* this.#run(body, io, false)
      } catch (thrown) {
        if (thrown instanceof Leaves && thrown.how === 'return') return thrown.code
        throw thrown
      } finally {
        this.#args = outer
      }
    }
    const built = this.#builtin(name, args, io)
    if (built !== null) return built
    if (name === 'exec') {
      throw new Ends(yield* this.#outside(args, io))
    }
    return yield* this.#outside([name, ...args], io)
  }

  *#outside(argv: readonly string[], io: Io): Waits<number> {
    yield 0
    return yield* this.ground.run(this, argv, { ...io, files: this.#files })
  }

  /** The exit code of a builtin; null when it is none. */
  #builtin(name: string, args: readonly string[], io: Io): number | null {
    switch (name) {
      case ':':
      case 'true':
      case 'umask':
        return 0
      case 'false':
        return 1
      case 'set':
        return this.#set(args)
      case 'shift':
        this.#args.splice(0, Number(args[0] ?? 1))
        return 0
      case 'exit':
        throw new Ends(Number(args[0] ?? this.#status))
      case 'return':
        throw new Leaves('return', Number(args[0] ?? this.#status))
      case 'break':
      case 'continue':
        throw new Leaves(name)
      case 'trap':
        for (const signal of args.slice(1)) this.#traps.set(signal, args[0] ?? '')
        return 0
      case 'unset':
        for (const variable of args) this.#vars.delete(variable)
        return 0
      case 'export':
      case 'readonly':
      case 'local':
        for (const one of args) {
          const at = one.indexOf('=')
          if (at > 0) this.#vars.set(one.slice(0, at), one.slice(at + 1))
        }
        return 0
      case 'read':
        return this.#read(args, io)
      case 'echo':
        io.out.write(
          `${args[0] === '-n' ? args.slice(1).join(' ') : args.join(' ')}${args[0] === '-n' ? '' : '\n'}`,
        )
        return 0
      case 'printf':
        io.out.write(formatted(args))
        return 0
      default:
        return null
    }
  }

  #set(args: readonly string[]): number {
    for (const [i, arg] of args.entries()) {
      if (arg === '--') {
        this.#args = args.slice(i + 1)
        return 0
      }
      if (!/^[-+][eu]+$/.test(arg)) throw new Error(`the simulated shell does not know set ${arg}`)
      if (arg.includes('e')) this.#errexit = arg.startsWith('-')
      if (arg.includes('u')) this.#nounset = arg.startsWith('-')
    }
    return 0
  }

  #read(args: readonly string[], io: Io): number {
    const names = args.filter((arg) => arg !== '-r')
    const end = io.stdin.text.indexOf('\n')
    const line = end === -1 ? io.stdin.text : io.stdin.text.slice(0, end)
    const whole = end !== -1
    io.stdin.text = whole ? io.stdin.text.slice(end + 1) : ''
    const ifs = this.#vars.get('IFS') ?? ' \t\n'
    let rest = line
    const blank = (text: string): string =>
      ifs === ''
        ? text
        : text.replace(/^[ \t]+/, (lead) => [...lead].filter((c) => !ifs.includes(c)).join(''))
    for (const [i, name] of names.entries()) {
      rest = blank(rest)
      if (i === names.length - 1 || ifs === '') {
        this.#vars.set(name, ifs === '' ? rest : rest.replace(/[ \t]+$/, ''))
        for (const other of names.slice(i + 1)) this.#vars.set(other, '')
        break
      }
      const at = [...rest].findIndex((c) => ifs.includes(c))
      this.#vars.set(name, at === -1 ? rest : rest.slice(0, at))
      rest = at === -1 ? '' : rest.slice(at + 1)
    }
    return whole ? 0 : 1
  }

  *#redirected(all: readonly Redirection[], io: Io, work: (io: Io) => Waits<number>): Waits<number> {
    if (all.length === 0) return yield* work(io)
    const inner = { ...io }
    for (const { fd, op, to } of all) {
      const target = yield* this.#text(to, inner)
      if (op === '>&' || op === '<&') {
        if (target === '-') continue
        const from = target === '1' ? inner.out : target === '2' ? inner.err : null
        if (from === null) throw new Error(`the simulated shell does not know >&${target}`)
        if (fd === 1) inner.out = from
        else if (fd === 2) inner.err = from
        continue
      }
      if (op === '<') {
        const text = target === '/dev/null' ? '' : this.ground.readText(target)
        if (text === null) {
          io.err.write(`sh: cannot open ${target}: No such file\n`)
          return 2
        }
        inner.stdin = { text }
        continue
      }
      const sink = this.#sink(target, op === '>>')
      if (sink === null) {
        inner.err.write(`sh: cannot create ${target}: Directory nonexistent\n`)
        return 2
      }
      if (fd === 1) inner.out = sink
      else if (fd === 2) inner.err = sink
    }
    return yield* work(inner)
  }

  #sink(path: string, append: boolean): Out | null {
    if (path === '/dev/null') return { write: () => undefined }
    if (!this.ground.writeText(path, '', append)) return null
    return { write: (text) => void this.ground.writeText(path, text, true) }
  }

  *#fields(words: readonly Word[], io: Io): Waits<string[]> {
    const fields: string[] = []
    for (const word of words) {
      const [only] = word
      if (word.length === 1 && only?.t === 'text') {
        fields.push(only.s)
        continue
      }
      let current: string | null = null
      for (const part of word) {
        if (part.t === 'var' && (part.name === '@' || part.name === '*') && part.op === '') {
          const [first, ...rest] = this.#args
          if (first === undefined) continue
          current = (current ?? '') + first
          for (const arg of rest) {
            fields.push(current)
            current = arg
          }
          continue
        }
        const text = yield* this.#part(part, io)
        if (part.quoted || part.t === 'text') {
          current = (current ?? '') + text
          continue
        }
        const pieces = text.split(/[ \t\n]+/)
        for (const [i, piece] of pieces.entries()) {
          if (i > 0 && current !== null) {
            fields.push(current)
            current = null
          }
          if (piece !== '') current = (current ?? '') + piece
        }
      }
      if (current !== null) fields.push(current)
    }
    return fields
  }

  *#text(word: Word, io: Io): Waits<string> {
    let text = ''
    for (const part of word) text += yield* this.#part(part, io)
    return text
  }

  /** A word as a pattern: what is quoted counts as it stands. */
  *#glob(word: Word, io: Io): Waits<string> {
    let glob = ''
    for (const part of word) {
      const text = yield* this.#part(part, io)
      glob += part.quoted ? text.replace(/[\\*?[\]]/g, '\\$&') : text
    }
    return glob
  }

  *#part(part: Word[number], io: Io): Waits<string> {
    if (part.t === 'text') return part.s
    if (part.t === 'run') {
      const out = new Text()
      this.#status = yield* new Shell(this.ground, this.#args, this).body(part.body, { ...io, out })
      return out.text.replace(/\n+$/, '')
    }
    if (part.t === 'sum') return String(summed(yield* this.#text(part.arg, io), this.#vars))
    const value = this.#value(part.name)
    switch (part.op) {
      case '':
        if (value === undefined && this.#nounset) {
          io.err.write(`sh: ${part.name}: parameter not set\n`)
          throw new Ends(2)
        }
        return value ?? ''
      case 'length':
        return String((value ?? '').length)
      case '-':
        return value ?? (yield* this.#text(part.arg, io))
      case ':-':
        return value || (yield* this.#text(part.arg, io))
      case '+':
        return value === undefined ? '' : yield* this.#text(part.arg, io)
      case ':+':
        return value ? yield* this.#text(part.arg, io) : ''
      default:
        return cut(value ?? '', part.op, yield* this.#glob(part.arg, io))
    }
  }

  #value(name: string): string | undefined {
    if (name === '@' || name === '*') return this.#args.join(' ')
    if (name === '#') return String(this.#args.length)
    if (name === '?') return String(this.#status)
    if (name === '$') return String(this.pid)
    if (name === '0') return 'evha'
    return /^\d+$/.test(name) ? this.#args[Number(name) - 1] : this.#vars.get(name)
  }
}

/** Over at once. */
// biome-ignore lint/correctness/useYield: there is nothing to wait for
function* ended(code: number): Waits<number> {
  return code
}

export class Text implements Out {
  text = ''
  write(text: string): void {
    this.text += text
  }
}

const globs = new Map<string, RegExp>()

export function globOf(glob: string): RegExp {
  const known = globs.get(glob)
  if (known !== undefined) return known
  const source = glob.replace(
    /\\(.)|\[!?[^\]]*\]|[*?]|[.+^${}()|]/g,
    (found, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      if (found === '*') return '[^]*'
      if (found === '?') return '[^]'
      if (found.startsWith('[')) return found.replace('[!', '[^')
      return `\\${found}`
    },
  )
  const made = new RegExp(`^(?:${source})$`)
  globs.set(glob, made)
  return made
}

/** `${x%pattern}` and its kin: the shortest or longest piece of an end that fits goes. */
function cut(value: string, op: string, glob: string): string {
  const fits = globOf(glob)
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i)
  const order = op.length === 2 ? lengths.reverse() : lengths
  for (const length of order) {
    if (op.startsWith('%') && fits.test(value.slice(value.length - length)))
      return value.slice(0, value.length - length)
    if (op.startsWith('#') && fits.test(value.slice(0, length))) return value.slice(length)
  }
  return value
}

/** `$(( ))` of whole numbers. */
function summed(text: string, vars: ReadonlyMap<string, string>): number {
  const filled = text.replace(/[A-Za-z_]\w*/g, (name) => vars.get(name) ?? '0')
  if (!/^[\d\s+*/%()<>=!-]+$/.test(filled))
    throw new Error(`the simulated shell does not know the sum ${text}`)
  const value = Number(new Function(`return (${filled})`)())
  return Math.trunc(value)
}

function formatted([format = '', ...args]: readonly string[]): string {
  let text = ''
  let left = [...args]
  do {
    const before = left.length
    text += format.replace(/%%|%[sd]|\\n|\\t|\\0|\\\\/g, (found) => {
      if (found === '%%') return '%'
      if (found === '\\n') return '\n'
      if (found === '\\t') return '\t'
      if (found === '\\0') return '\0'
      if (found === '\\\\') return '\\'
      return left.shift() ?? ''
    })
    if (left.length === before) left = []
  } while (left.length > 0)
  return text
}

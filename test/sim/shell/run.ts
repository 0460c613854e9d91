import { type Node, parse, type Redirection, type Word } from './parse.ts'
import { after, caught, lastly, type Soon, until } from './soon.ts'

/** Where a command of the shell writes. */
export interface Out {
  write(text: string): void
}

/** A file that a descriptor above 2 holds open; locks belong to it. */
export interface OpenFile {
  readonly path: string
}

export interface Io {
  /** What is left to be read, and the file it is read from, where it is one. */
  stdin: { text: string; path?: string }
  out: Out
  err: Out
  files: Map<number, OpenFile>
}

/** What the shell stands on: files and programs of a simulated host. */
export interface Ground {
  readText(path: string): string | null
  writeText(path: string, text: string, append: boolean): boolean
  isDirectory(path: string): boolean
  /** The paths that an absolute pattern stands for, sorted. */
  paths(glob: string): readonly string[]
  /** A program by its name; throws for one nobody has modelled. `shell` is the process it is a child of. */
  run(shell: Shell, argv: readonly string[], io: Io): Soon<number>
  /** Between two commands: here a host may go down, and what runs may be stopped. Throws then. */
  border(): void
  /** Starts a command that nobody waits for. */
  background(shell: Shell, body: Node, io: Io): void
  /** A descriptor was closed: its lock goes. */
  closedFile(shell: Shell, path: string): void
  /** A function of a script that is modelled as a whole; null for all others. */
  native(name: string, args: readonly string[], io: Io): number | null
  /** The process is over: its locks go. */
  closed(shell: Shell): void
}

/** Thrown by `exit`. No Error: nobody asks where in the simulation a script ended, and a stack costs. */
class Ends {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
}
/** Thrown by what leaves a loop or a function. */
class Leaves {
  readonly how: 'break' | 'continue' | 'return'
  readonly code: number
  constructor(how: Leaves['how'], code = 0) {
    this.how = how
    this.code = code
  }
}

/** What a script waits for in a loop comes sooner; builtins alone pass no time and no border between two commands. */
const turnsMax = 200_000

let processes = 1000

const runsCommand = (word: Word) => word.some((part) => part.t === 'run')

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
  script(text: string, io: Io): Soon<number> {
    return this.#whole(parse(text), io)
  }

  /** The rest of a background or subshell body. */
  body(node: Node, io: Io): Soon<number> {
    return this.#whole(node, io)
  }

  #whole(node: Node, io: Io): Soon<number> {
    const ended = caught(
      () => this.#run(node, io, false),
      (thrown) => {
        if (thrown instanceof Ends || thrown instanceof Leaves) return thrown.code
        throw thrown
      },
    )
    return after(ended, (code) =>
      after(this.#trapped(io), () => {
        this.ground.closed(this)
        return code
      }),
    )
  }

  #trapped(io: Io): Soon<number> {
    const trap = this.#traps.get('EXIT')
    if (trap === undefined) return 0
    this.#traps.delete('EXIT')
    return this.#run(parse(trap), io, true)
  }

  #run(node: Node, io: Io, judged: boolean): Soon<number> {
    return after(this.#one(node, io, judged), (code) => {
      this.#status = code
      return code
    })
  }

  #one(node: Node, io: Io, judged: boolean): Soon<number> {
    switch (node.k) {
      case 'simple':
        return after(this.#simple(node, io), (code) => this.#judge(code, judged))
      case 'list':
        return this.#list(node.items, io, judged)
      case 'and':
      case 'or':
        return after(this.#run(node.left, io, true), (left) =>
          (left === 0) !== (node.k === 'and') ? left : this.#run(node.right, io, judged),
        )
      case 'pipe':
        return after(this.#pipe(node, io, judged || node.not), (code) =>
          this.#judge(code, judged || node.not),
        )
      case 'background':
        this.ground.background(this, node.body, io)
        return 0
      case 'function':
        this.#functions.set(node.name, node.body)
        return 0
      case 'subshell': {
        const code = this.#redirected(node.redirections, io, (inner) =>
          new Shell(this.ground, this.#args, this).body(node.body, inner),
        )
        return after(code, (known) => this.#judge(known, judged))
      }
      case 'group':
        return this.#redirected(node.redirections, io, (inner) => this.#run(node.body, inner, judged))
      default:
        return this.#redirected(node.redirections, io, (inner) => this.#compound(node, inner, judged))
    }
  }

  #list(items: readonly Node[], io: Io, judged: boolean): Soon<number> {
    let i = 0
    return until(() => {
      const item = items[i++]
      if (item === undefined) return 0
      const code = this.#run(item, io, judged)
      return i === items.length ? code : after(code, () => null)
    })
  }

  #compound(
    node: Extract<Node, { k: 'if' | 'while' | 'for' | 'case' }>,
    io: Io,
    judged: boolean,
  ): Soon<number> {
    switch (node.k) {
      case 'if':
        return this.#if(node, io, judged)
      case 'while': {
        let code = 0
        let turns = 0
        return until(() =>
          after(this.#run(node.test, io, true), (test) => {
            if ((test === 0) === node.until) return code
            if (turns++ > turnsMax) throw new Error(`a loop of a script turns more than ${turnsMax} times`)
            return after(this.#turn(node.body, io, judged), (leaves) => {
              if (leaves === 'break') return code
              if (leaves !== 'continue') code = leaves
              return null
            })
          }),
        )
      }
      case 'for':
        return after(node.words === null ? [...this.#args] : this.#fields(node.words, io), (words) => {
          let code = 0
          let i = 0
          return until(() => {
            const word = words[i++]
            if (word === undefined) return code
            this.#vars.set(node.name, word)
            return after(this.#turn(node.body, io, judged), (leaves) => {
              if (leaves === 'break') return code
              if (leaves !== 'continue') code = leaves
              return null
            })
          })
        })
      case 'case':
        return after(this.#text(node.word, io), (word) => this.#case(node, word, io, judged))
    }
  }

  #if({ arms, other }: Extract<Node, { k: 'if' }>, io: Io, judged: boolean): Soon<number> {
    let i = 0
    return until(() => {
      const arm = arms[i++]
      if (arm === undefined) return other === null ? 0 : this.#run(other, io, judged)
      return after(this.#run(arm[0], io, true), (test) => (test === 0 ? this.#run(arm[1], io, judged) : null))
    })
  }

  #case({ arms }: Extract<Node, { k: 'case' }>, word: string, io: Io, judged: boolean): Soon<number> {
    const all = arms.flatMap(([patterns, body]) => patterns.map((pattern) => ({ pattern, body })))
    let i = 0
    return until(() => {
      const arm = all[i++]
      if (arm === undefined) return 0
      return after(this.#glob(arm.pattern, io), (glob) =>
        globOf(glob).test(word) ? this.#run(arm.body, io, judged) : null,
      )
    })
  }

  #turn(body: Node, io: Io, judged: boolean): Soon<number | 'break' | 'continue'> {
    return caught<number | 'break' | 'continue'>(
      () => this.#run(body, io, judged),
      (thrown) => {
        if (thrown instanceof Leaves && thrown.how !== 'return') return thrown.how
        throw thrown
      },
    )
  }

  #pipe(node: Extract<Node, { k: 'pipe' }>, io: Io, judged: boolean): Soon<number> {
    const answer = (code: number): number => (node.not ? (code === 0 ? 1 : 0) : code)
    const [first] = node.parts
    if (node.parts.length === 1 && first !== undefined) return after(this.#run(first, io, judged), answer)
    let stdin = io.stdin
    let i = 0
    return until(() => {
      const part = node.parts[i++] as Node
      const last = i === node.parts.length
      const piped = new Text()
      const inner = { ...io, stdin, out: last ? io.out : piped }
      return after(new Shell(this.ground, this.#args, this).body(part, inner), (code) => {
        stdin = { text: piped.text }
        return last ? answer(code) : null
      })
    })
  }

  #judge(code: number, judged: boolean): number {
    if (code !== 0 && this.#errexit && !judged) throw new Ends(code)
    return code
  }

  #simple(node: Extract<Node, { k: 'simple' }>, io: Io): Soon<number> {
    return after(this.#fields(node.words, io), (argv) => {
      const name = argv[0]
      if (name === undefined) return this.#assigned(node, io)
      const args = argv.slice(1)
      if (node.assigns.length === 0) return this.#named(node, name, args, io)
      const before = new Map<string, string | undefined>()
      return after(
        this.#assign(node.assigns, io, (variable) => before.set(variable, this.#vars.get(variable))),
        () =>
          lastly(
            () => this.#named(node, name, args, io),
            () => {
              for (const [variable, value] of before)
                if (value === undefined) this.#vars.delete(variable)
                else this.#vars.set(variable, value)
            },
          ),
      )
    })
  }

  #assigned(node: Extract<Node, { k: 'simple' }>, io: Io): Soon<number> {
    let status = 0
    const all = this.#assign(
      node.assigns,
      io,
      // `$?` in the word is the status from before; a command in it leaves one of its own.
      (_variable, word) => {
        if (runsCommand(word)) this.#status = 0
      },
      (word) => {
        status = runsCommand(word) ? this.#status : 0
      },
    )
    // A redirection alone opens its file.
    return after(all, () => this.#redirected(node.redirections, io, () => status))
  }

  #assign(
    assigns: readonly (readonly [string, Word])[],
    io: Io,
    before: (variable: string, word: Word) => void,
    done: (word: Word) => void = () => undefined,
  ): Soon<true> {
    let i = 0
    return until(() => {
      const assign = assigns[i++]
      if (assign === undefined) return true as const
      const [variable, word] = assign
      before(variable, word)
      return after(this.#text(word, io), (text) => {
        this.#vars.set(variable, text)
        done(word)
        return null
      })
    })
  }

  #named(node: Extract<Node, { k: 'simple' }>, name: string, args: readonly string[], io: Io): Soon<number> {
    if (name === 'exec' && args.length === 0) return this.#opened(node.redirections, io)
    if (node.redirections.length === 0) return this.#call(name, args, io)
    return this.#redirected(node.redirections, io, (inner) => this.#call(name, args, inner))
  }

  /** `exec 9>FILE`: descriptors of the shell itself. */
  #opened(redirections: readonly Redirection[], io: Io): Soon<number> {
    let i = 0
    return until(() => {
      const one = redirections[i++]
      if (one === undefined) return 0
      return after(this.#text(one.to, io), (path) => {
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
        return null
      })
    })
  }

  #call(name: string, args: readonly string[], io: Io): Soon<number> {
    const body = this.#functions.get(name)
    if (body !== undefined) {
      const native = this.ground.native(name, args, io)
      if (native !== null) return native
      const outer = this.#args
      this.#args = [...args]
      return lastly(
        () =>
          caught(
            () => this.#run(body, io, false),
            (thrown) => {
              if (thrown instanceof Leaves && thrown.how === 'return') return thrown.code
              throw thrown
            },
          ),
        () => {
          this.#args = outer
        },
      )
    }
    const built = this.#builtin(name, args, io)
    if (built !== null) return built
    if (name === 'exec')
      return after(this.#outside(args, io), (code) => {
        throw new Ends(code)
      })
    return this.#outside([name, ...args], io)
  }

  #outside(argv: readonly string[], io: Io): Soon<number> {
    this.ground.border()
    return this.ground.run(this, argv, { ...io, files: this.#files })
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

  #redirected(all: readonly Redirection[], io: Io, work: (io: Io) => Soon<number>): Soon<number> {
    if (all.length === 0) return work(io)
    const inner = { ...io }
    let i = 0
    return until(() => {
      const one = all[i++]
      if (one === undefined) return work(inner)
      return after(this.#text(one.to, inner), (target) => this.#redirect(one, target, io, inner))
    })
  }

  /** Changes `inner`; an exit code where it can not be. */
  #redirect({ fd, op }: Redirection, target: string, io: Io, inner: Io): number | null {
    if (op === '>&' || op === '<&') {
      if (target === '-') return null
      const from = target === '1' ? inner.out : target === '2' ? inner.err : null
      if (from === null) throw new Error(`the simulated shell does not know >&${target}`)
      if (fd === 1) inner.out = from
      else if (fd === 2) inner.err = from
      return null
    }
    if (op === '<') {
      const text = target === '/dev/null' ? '' : this.ground.readText(target)
      if (text === null) {
        io.err.write(`sh: cannot open ${target}: No such file\n`)
        return 2
      }
      inner.stdin = { text, path: target }
      return null
    }
    const sink = this.#sink(target, op === '>>')
    if (sink === null) {
      inner.err.write(`sh: cannot create ${target}: Directory nonexistent\n`)
      return 2
    }
    if (fd === 1) inner.out = sink
    else if (fd === 2) inner.err = sink
    return null
  }

  #sink(path: string, append: boolean): Out | null {
    if (path === '/dev/null') return { write: () => undefined }
    if (!this.ground.writeText(path, '', append)) return null
    return { write: (text) => void this.ground.writeText(path, text, true) }
  }

  #fields(words: readonly Word[], io: Io): Soon<string[]> {
    const fields: string[] = []
    let i = 0
    return until(() => {
      for (; i < words.length; i++) {
        const word = words[i] as Word
        const [only] = word
        if (word.length !== 1 || only?.t !== 'text' || (!only.quoted && /[*?]/.test(only.s)))
          return after(this.#split(words[i++] as Word, fields, io), () => null)
        fields.push(only.s)
      }
      return fields
    })
  }

  /** Adds the fields that one word becomes. */
  #split(word: Word, fields: string[], io: Io): Soon<true> {
    if (word.some((part) => part.t === 'text' && !part.quoted && /[*?]/.test(part.s)))
      return after(this.#glob(word, io), (glob) => {
        const paths = this.ground.paths(glob)
        fields.push(...(paths.length === 0 ? [glob.replace(/\\(.)/g, '$1')] : paths))
        return true as const
      })
    let current: string | null = null
    const add = (part: Word[number], text: string): void => {
      if (part.quoted || part.t === 'text') {
        current = (current ?? '') + text
        return
      }
      for (const [i, piece] of text.split(/[ \t\n]+/).entries()) {
        if (i > 0 && current !== null) {
          fields.push(current)
          current = null
        }
        if (piece !== '') current = (current ?? '') + piece
      }
    }
    let i = 0
    return until(() => {
      const part = word[i++]
      if (part === undefined) {
        if (current !== null) fields.push(current)
        return true as const
      }
      if (part.t === 'var' && (part.name === '@' || part.name === '*') && part.op === '') {
        const [first, ...rest] = this.#args
        if (first === undefined) return null
        current = (current ?? '') + first
        for (const arg of rest) {
          fields.push(current)
          current = arg
        }
        return null
      }
      return after(this.#part(part, io), (text) => {
        add(part, text)
        return null
      })
    })
  }

  #text(word: Word, io: Io): Soon<string> {
    const [only] = word
    if (only !== undefined && word.length === 1) return this.#part(only, io)
    let text = ''
    let i = 0
    return until(() => {
      const part = word[i++]
      if (part === undefined) return text
      return after(this.#part(part, io), (piece) => {
        text += piece
        return null
      })
    })
  }

  /** A word as a pattern: what is quoted counts as it stands. */
  #glob(word: Word, io: Io): Soon<string> {
    let glob = ''
    let i = 0
    return until(() => {
      const part = word[i++]
      if (part === undefined) return glob
      return after(this.#part(part, io), (text) => {
        glob += part.quoted ? text.replace(/[\\*?[\]]/g, '\\$&') : text
        return null
      })
    })
  }

  #part(part: Word[number], io: Io): Soon<string> {
    if (part.t === 'text') return part.s
    if (part.t === 'run') {
      const out = new Text()
      return after(new Shell(this.ground, this.#args, this).body(part.body, { ...io, out }), (code) => {
        this.#status = code
        return out.text.replace(/\n+$/, '')
      })
    }
    if (part.t === 'sum') return after(this.#text(part.arg, io), (sum) => String(summed(sum, this.#vars)))
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
        return value ?? this.#text(part.arg, io)
      case ':-':
        return value || this.#text(part.arg, io)
      case '+':
        return value === undefined ? '' : this.#text(part.arg, io)
      case ':+':
        return value ? this.#text(part.arg, io) : ''
      default:
        return after(this.#glob(part.arg, io), (glob) => cut(value ?? '', part.op, glob))
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
  const [end, longest] = [op.startsWith('%'), op.length === 2]
  for (let k = 0; k <= value.length; k++) {
    const length = longest ? value.length - k : k
    const at = end ? value.length - length : length
    if (end && fits.test(value.slice(at))) return value.slice(0, at)
    if (!end && fits.test(value.slice(0, at))) return value.slice(at)
  }
  return value
}

const sums = new Map<string, (n: readonly number[]) => unknown>()

/** `$(( ))` of whole numbers. */
function summed(text: string, vars: ReadonlyMap<string, string>): number {
  const filled = text.replace(/[A-Za-z_]\w*/g, (name) => vars.get(name) ?? '0')
  if (!/^[\d\s+*/%()<>=!-]+$/.test(filled))
    throw new Error(`the simulated shell does not know the sum ${text}`)
  // Numbers by their place: what is compiled once serves every moment and size.
  const numbers: string[] = []
  const form = filled.replace(/\d+/g, (digits) => `n[${numbers.push(digits) - 1}]`)
  let sum = sums.get(form)
  if (sum === undefined) {
    sum = new Function('n', `return (${form})`) as (n: readonly number[]) => unknown
    sums.set(form, sum)
  }
  return Math.trunc(Number(sum(numbers.map(Number))))
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

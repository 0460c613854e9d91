import { simple } from './command.ts'
import { codeOf, Ends } from './ends.ts'
import { compound } from './flow.ts'
import { type Ground, type Io, type OpenFile, Text } from './ground.ts'
import { parse } from './parse.ts'
import { redirected } from './redirect.ts'
import { after, type Soon, until, type Waits, waited } from './soon.ts'
import type { Node, Pipe } from './tree.ts'
import { Variables } from './variables.ts'

let processes = 1000

/** One process of a shell: `sh -c`, with the subset of POSIX that evha's scripts use. */
export class Shell {
  readonly ground: Ground
  readonly pid = ++processes
  /** Where `cd` went; null before. */
  cwd: string | null = null
  args: readonly string[]
  errexit = false
  nounset = false
  status = 0
  readonly #vars: Variables<string>
  readonly functions: Variables<Node>
  #traps: Map<string, string> | null = null
  /** What descriptors above 2 hold open. */
  readonly files = new Map<number, OpenFile>()

  constructor(ground: Ground, args: readonly string[], from?: Shell) {
    this.ground = ground
    this.args = args
    this.#vars = new Variables(from === undefined ? null : from.#vars)
    this.functions = new Variables(from === undefined ? null : from.functions)
    if (from === undefined) return
    this.cwd = from.cwd
    this.errexit = from.errexit
    this.nounset = from.nounset
    this.status = from.status
  }

  get vars(): ReadonlyMap<string, string> {
    return this.#vars.all
  }

  set(variable: string, value: string): void {
    this.#vars.own().set(variable, value)
  }

  unset(variable: string): void {
    this.#vars.own().delete(variable)
  }

  get traps(): Map<string, string> {
    this.#traps ??= new Map()
    return this.#traps
  }

  /** Runs a whole script; its exit code. */
  script(text: string, io: Io): Soon<number> {
    return this.body(parse(text), io)
  }

  /** The rest of a background or subshell body. */
  body(node: Node, io: Io): Soon<number> {
    return this.#whole(node, { ...io })
  }

  /** What commands print, without the newlines at its end. */
  substituted(body: Node, io: Io): Soon<string> {
    const out = new Text()
    const code = new Shell(this.ground, this.args, this).#whole(body, { ...io, out })
    return after(code, (known) => {
      this.status = known
      return out.text.replace(/\n+$/, '')
    })
  }

  /** `io` is this process's own from here on. */
  #whole(node: Node, io: Io): Soon<number> {
    io.files = this.files
    let code: Soon<number>
    try {
      code = this.run(node, io, false)
    } catch (thrown) {
      code = codeOf(thrown)
    }
    return typeof code === 'number' ? this.#ended(code, io) : this.#wholeLater(code, io)
  }

  *#wholeLater(work: Waits<number>, io: Io): Waits<number> {
    let code: number
    try {
      code = yield* work
    } catch (thrown) {
      code = codeOf(thrown)
    }
    return yield* waited(this.#ended(code, io))
  }

  #ended(code: number, io: Io): Soon<number> {
    return after(this.#trapped(io), () => {
      this.ground.closed(this)
      return code
    })
  }

  #trapped(io: Io): Soon<number> {
    const trap = this.#traps?.get('EXIT')
    if (trap === undefined) return 0
    this.#traps?.delete('EXIT')
    return this.run(parse(trap), io, true)
  }

  /** `judged`: somebody asks for the exit code, so that a bad one does not end the script. */
  run(node: Node, io: Io, judged: boolean): Soon<number> {
    const code = this.#one(node, io, judged)
    if (typeof code !== 'number') return this.#runLater(code)
    this.status = code
    return code
  }

  *#runLater(work: Waits<number>): Waits<number> {
    const code = yield* work
    this.status = code
    return code
  }

  #one(node: Node, io: Io, judged: boolean): Soon<number> {
    switch (node.k) {
      case 'simple':
        return this.#judged(simple(this, node, io), judged)
      case 'list':
        return this.#list(node.items, io, judged)
      case 'and':
      case 'or':
        return after(this.run(node.left, io, true), (left) =>
          (left === 0) !== (node.k === 'and') ? left : this.run(node.right, io, judged),
        )
      case 'pipe':
        return this.#judged(this.#pipe(node, io, judged || node.not), judged || node.not)
      case 'background':
        this.#vars.share()
        this.functions.share()
        this.ground.background(this, node.body, io)
        return 0
      case 'function':
        this.functions.own().set(node.name, node.body)
        return 0
      case 'subshell': {
        const code = redirected(this, node.redirections, io, (inner) =>
          new Shell(this.ground, this.args, this).body(node.body, inner),
        )
        return this.#judged(code, judged)
      }
      case 'group':
        return redirected(this, node.redirections, io, (inner) => this.run(node.body, inner, judged))
      default:
        if (node.redirections.length === 0) return compound(this, node, io, judged)
        return redirected(this, node.redirections, io, (inner) => compound(this, node, inner, judged))
    }
  }

  /** Ends the script where a code is bad and nobody asks for it. */
  #judged(code: Soon<number>, judged: boolean): Soon<number> {
    if (judged) return code
    return typeof code === 'number' ? this.#judge(code) : after(code, (known) => this.#judge(known))
  }

  #judge(code: number): number {
    if (code !== 0 && this.errexit) throw new Ends(code)
    return code
  }

  #list(items: readonly Node[], io: Io, judged: boolean): Soon<number> {
    let code = 0
    for (let i = 0; i < items.length; i++) {
      const soon = this.run(items[i] as Node, io, judged)
      if (typeof soon !== 'number') return this.#listLater(soon, items.slice(i + 1), io, judged)
      code = soon
    }
    return code
  }

  *#listLater(first: Waits<number>, items: readonly Node[], io: Io, judged: boolean): Waits<number> {
    let code = yield* first
    for (const item of items) {
      const soon = this.run(item, io, judged)
      code = typeof soon === 'number' ? soon : yield* soon
    }
    return code
  }

  #pipe(node: Pipe, io: Io, judged: boolean): Soon<number> {
    const answer = (code: number): number => (node.not ? (code === 0 ? 1 : 0) : code)
    const [first] = node.parts
    if (node.parts.length === 1 && first !== undefined) return after(this.run(first, io, judged), answer)
    let stdin = io.stdin
    let i = 0
    return until(() => {
      const part = node.parts[i++] as Node
      const last = i === node.parts.length
      const piped = new Text()
      const inner = { ...io, stdin, out: last ? io.out : piped }
      return after(new Shell(this.ground, this.args, this).#whole(part, inner), (code) => {
        stdin = { text: piped.text }
        return last ? answer(code) : null
      })
    })
  }
}

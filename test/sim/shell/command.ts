import { builtins } from './builtins.ts'
import { Ends, Leaves } from './ends.ts'
import { fieldsOf, textOf } from './expand.ts'
import type { Io } from './ground.ts'
import { opened, redirected } from './redirect.ts'
import type { Shell } from './run.ts'
import { after, caught, lastly, type Soon, until, waits } from './soon.ts'
import { type Node, runsCommand, type Simple, type Word } from './tree.ts'

/** Runs one command with its words, its assignments and its redirections. */
export function simple(shell: Shell, node: Simple, io: Io): Soon<number> {
  if (node.argv !== null) return command(shell, node, node.argv, io)
  const argv = fieldsOf(shell, node.words, io)
  return waits(argv)
    ? after(argv, (known) => command(shell, node, known, io))
    : command(shell, node, argv, io)
}

function command(shell: Shell, node: Simple, argv: readonly string[], io: Io): Soon<number> {
  const name = argv[0]
  if (name === undefined) return assigned(shell, node, io)
  if (node.assigns.length === 0) return named(shell, node, name, argv.slice(1), io)
  const before = new Map<string, string | undefined>()
  return after(
    assign(shell, node.assigns, io, (variable) => before.set(variable, shell.vars.get(variable))),
    () =>
      lastly(
        () => named(shell, node, name, argv.slice(1), io),
        () => {
          for (const [variable, value] of before)
            if (value === undefined) shell.unset(variable)
            else shell.set(variable, value)
        },
      ),
  )
}

function assigned(shell: Shell, node: Simple, io: Io): Soon<number> {
  let status = 0
  const all = assign(
    shell,
    node.assigns,
    io,
    // `$?` in the word is the status from before; a command in it leaves one of its own.
    (_variable, word) => {
      if (runsCommand(word)) shell.status = 0
    },
    (word) => {
      status = runsCommand(word) ? shell.status : 0
    },
  )
  // A redirection alone opens its file.
  return after(all, () => redirected(shell, node.redirections, io, () => status))
}

function assign(
  shell: Shell,
  assigns: Simple['assigns'],
  io: Io,
  before: (variable: string, word: Word) => void,
  done: (word: Word) => void = () => undefined,
): Soon<true> {
  let i = 0
  return until(() => {
    for (; i < assigns.length; i++) {
      const [variable, word] = assigns[i] as Simple['assigns'][number]
      before(variable, word)
      const text = textOf(shell, word, io)
      if (typeof text !== 'string') {
        i++
        return after(text, (known) => {
          shell.set(variable, known)
          done(word)
          return null
        })
      }
      shell.set(variable, text)
      done(word)
    }
    return true as const
  })
}

function named(shell: Shell, node: Simple, name: string, args: readonly string[], io: Io): Soon<number> {
  if (node.redirections.length === 0)
    return name === 'exec' && args.length === 0 ? 0 : call(shell, name, args, io)
  if (name === 'exec' && args.length === 0) return opened(shell, node.redirections, shell.files, io)
  return redirected(shell, node.redirections, io, (inner) => call(shell, name, args, inner))
}

function call(shell: Shell, name: string, args: readonly string[], io: Io): Soon<number> {
  const body = shell.functions.all.get(name)
  if (body !== undefined) return shell.ground.native(name, args, io) ?? inFunction(shell, body, args, io)
  const builtin = builtins.get(name)
  if (builtin !== undefined) return builtin(shell, args, io, name)
  if (name !== 'exec') return outside(shell, [name, ...args], io)
  return after(outside(shell, args, io), (code) => {
    throw new Ends(code)
  })
}

function inFunction(shell: Shell, body: Node, args: readonly string[], io: Io): Soon<number> {
  const outer = shell.args
  shell.args = args
  return lastly(
    () =>
      caught(
        () => shell.run(body, io, false),
        (thrown) => {
          if (thrown instanceof Leaves && thrown.how === 'return') return thrown.code
          throw thrown
        },
      ),
    () => {
      shell.args = outer
    },
  )
}

function outside(shell: Shell, argv: readonly string[], io: Io): Soon<number> {
  shell.ground.border()
  return shell.ground.run(shell, argv, io)
}

import { Ends, Leaves } from './ends.ts'
import type { Io } from './ground.ts'
import type { Shell } from './run.ts'

type Builtin = (shell: Shell, args: readonly string[], io: Io, name: string) => number

const nothing: Builtin = () => 0

const exported: Builtin = (shell, args) => {
  for (const one of args) {
    const at = one.indexOf('=')
    if (at > 0) shell.set(one.slice(0, at), one.slice(at + 1))
  }
  return 0
}

const leaves: Builtin = (_shell, _args, _io, name) => {
  throw new Leaves(name as 'break' | 'continue')
}

/** What the shell does itself, by name. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', nothing],
  ['true', nothing],
  ['umask', nothing],
  ['false', () => 1],
  ['set', options],
  [
    'shift',
    (shell, args) => {
      shell.args = shell.args.slice(Number(args[0] ?? 1))
      return 0
    },
  ],
  [
    'exit',
    (shell, args) => {
      throw new Ends(Number(args[0] ?? shell.status))
    },
  ],
  [
    'return',
    (shell, args) => {
      throw new Leaves('return', Number(args[0] ?? shell.status))
    },
  ],
  ['break', leaves],
  ['continue', leaves],
  [
    'trap',
    (shell, args) => {
      for (const signal of args.slice(1)) shell.traps.set(signal, args[0] ?? '')
      return 0
    },
  ],
  [
    'unset',
    (shell, args) => {
      for (const variable of args) shell.unset(variable)
      return 0
    },
  ],
  ['export', exported],
  ['readonly', exported],
  ['local', exported],
  ['read', read],
  [
    'echo',
    (_shell, args, io) => {
      const isBare = args[0] === '-n'
      io.out.write(isBare ? args.slice(1).join(' ') : `${args.join(' ')}\n`)
      return 0
    },
  ],
  [
    'printf',
    (_shell, args, io) => {
      io.out.write(formatted(args))
      return 0
    },
  ],
])

function options(shell: Shell, args: readonly string[]): number {
  for (const [i, arg] of args.entries()) {
    if (arg === '--') {
      shell.args = args.slice(i + 1)
      return 0
    }
    if (!/^[-+][eu]+$/.test(arg)) throw new Error(`the simulated shell does not know set ${arg}`)
    if (arg.includes('e')) shell.errexit = arg.startsWith('-')
    if (arg.includes('u')) shell.nounset = arg.startsWith('-')
  }
  return 0
}

function read(shell: Shell, args: readonly string[], io: Io): number {
  const names = args.filter((arg) => arg !== '-r')
  const end = io.stdin.text.indexOf('\n')
  const line = end === -1 ? io.stdin.text : io.stdin.text.slice(0, end)
  const whole = end !== -1
  io.stdin.text = whole ? io.stdin.text.slice(end + 1) : ''
  const ifs = shell.vars.get('IFS') ?? ' \t\n'
  let rest = line
  const blank = (text: string): string =>
    ifs === '' ? text : text.replace(/^[ \t]+/, (lead) => [...lead].filter((c) => !ifs.includes(c)).join(''))
  for (const [i, name] of names.entries()) {
    rest = blank(rest)
    if (i === names.length - 1 || ifs === '') {
      shell.set(name, ifs === '' ? rest : rest.replace(/[ \t]+$/, ''))
      for (const other of names.slice(i + 1)) shell.set(other, '')
      break
    }
    let at = 0
    while (at < rest.length && !ifs.includes(rest[at] as string)) at++
    shell.set(name, rest.slice(0, at))
    rest = rest.slice(at + 1)
  }
  return whole ? 0 : 1
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

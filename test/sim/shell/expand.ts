import { Ends } from './ends.ts'
import type { Io } from './ground.ts'
import { cut } from './patterns.ts'
import type { Shell } from './run.ts'
import { after, type Soon, until, type Waits, waited } from './soon.ts'
import { summed } from './sums.ts'
import { literal, type Part, type Word } from './tree.ts'

// What becomes of the words of a command: variables, substitutions, sums, names of files.

/** The fields that words become. */
export function fieldsOf(shell: Shell, words: readonly Word[], io: Io): Soon<string[]> {
  const fields: string[] = []
  for (let i = 0; i < words.length; i++) {
    const more = addFields(shell, words[i] as Word, fields, io)
    if (more !== true) return fieldsLater(shell, more, words.slice(i + 1), fields, io)
  }
  return fields
}

function* fieldsLater(
  shell: Shell,
  first: Waits<true>,
  words: readonly Word[],
  fields: string[],
  io: Io,
): Waits<string[]> {
  yield* first
  for (const word of words) yield* waited(addFields(shell, word, fields, io))
  return fields
}

/** Adds the fields that one word becomes. */
function addFields(shell: Shell, word: Word, fields: string[], io: Io): Soon<true> {
  if (word.globs)
    return after(patternOf(shell, word, io), (glob) => {
      const paths = shell.ground.paths(glob)
      if (paths.length === 0) fields.push(glob.replace(/\\(.)/g, '$1'))
      else fields.push(...paths)
      return true as const
    })
  if (word.text !== null) {
    fields.push(word.text)
    return true
  }
  const [only] = word.parts
  if (word.parts.length === 1 && only?.quoted === true && !isAllArgs(only)) {
    const text = partOf(shell, only, io)
    if (typeof text === 'string') {
      fields.push(text)
      return true
    }
    return after(text, (known) => {
      fields.push(known)
      return true as const
    })
  }
  return split(shell, word, fields, io)
}

const isAllArgs = (part: Part): boolean =>
  part.t === 'var' && (part.name === '@' || part.name === '*') && part.op === ''

function split(shell: Shell, { parts }: Word, fields: string[], io: Io): Soon<true> {
  let current: string | null = null
  const add = (part: Part, text: string): void => {
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
    const part = parts[i++]
    if (part === undefined) {
      if (current !== null) fields.push(current)
      return true as const
    }
    if (isAllArgs(part)) {
      const [first, ...rest] = shell.args
      if (first === undefined) return null
      current = (current ?? '') + first
      for (const arg of rest) {
        fields.push(current)
        current = arg
      }
      return null
    }
    return after(partOf(shell, part, io), (text) => {
      add(part, text)
      return null
    })
  })
}

/** A word as one text. */
export function textOf(shell: Shell, word: Word, io: Io): Soon<string> {
  if (word.text !== null) return word.text
  return joined(shell, word.parts, io, (_part, text) => text)
}

/** A word as a pattern: what is quoted counts as it stands. */
export function patternOf(shell: Shell, word: Word, io: Io): Soon<string> {
  if (word.pattern !== null) return word.pattern
  return joined(shell, word.parts, io, ({ quoted }, text) => (quoted ? literal(text) : text))
}

function joined(
  shell: Shell,
  parts: readonly Part[],
  io: Io,
  as: (part: Part, text: string) => string,
): Soon<string> {
  let text = ''
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part
    const piece = partOf(shell, part, io)
    if (typeof piece !== 'string') return joinedLater(shell, { text, piece, parts: parts.slice(i) }, io, as)
    text += as(part, piece)
  }
  return text
}

function* joinedLater(
  shell: Shell,
  begun: { readonly text: string; readonly piece: Soon<string>; readonly parts: readonly Part[] },
  io: Io,
  as: (part: Part, text: string) => string,
): Waits<string> {
  let { text, piece } = begun
  for (const [i, part] of begun.parts.entries()) {
    if (i > 0) piece = partOf(shell, part, io)
    text += as(part, yield* waited(piece))
  }
  return text
}

function partOf(shell: Shell, part: Part, io: Io): Soon<string> {
  if (part.t === 'text') return part.s
  if (part.t === 'run') return shell.substituted(part.body, io)
  if (part.t === 'sum') return after(textOf(shell, part.arg, io), (sum) => String(summed(sum, shell.vars)))
  const value = variable(shell, part.name)
  switch (part.op) {
    case '':
      if (value === undefined && shell.nounset) {
        io.err.write(`sh: ${part.name}: parameter not set\n`)
        throw new Ends(2)
      }
      return value ?? ''
    case 'length':
      return String((value ?? '').length)
    case '-':
      return value ?? textOf(shell, part.arg, io)
    case ':-':
      return value || textOf(shell, part.arg, io)
    case '+':
      return value === undefined ? '' : textOf(shell, part.arg, io)
    case ':+':
      return value ? textOf(shell, part.arg, io) : ''
    default:
      return after(patternOf(shell, part.arg, io), (glob) => cut(value ?? '', part.op, glob))
  }
}

function variable({ args, status, pid, vars }: Shell, name: string): string | undefined {
  switch (name) {
    case '@':
    case '*':
      return args.join(' ')
    case '#':
      return String(args.length)
    case '?':
      return String(status)
    case '$':
      return String(pid)
    case '0':
      return 'evha'
  }
  return name <= '9' ? args[Number(name) - 1] : vars.get(name)
}

/** A piece of a word. */
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

/** A word, with what is known of it before anything runs. */
export interface Word {
  readonly parts: readonly Part[]
  /** Its text, where it is the same each time; null where it is not. */
  readonly text: string | null
  /** As a pattern, likewise: what is quoted counts as it stands. */
  readonly pattern: string | null
  /** Names of files are looked for in its place. */
  readonly globs: boolean
}

export interface Redirection {
  readonly fd: number
  readonly op: '<' | '>' | '>>' | '<&' | '>&'
  readonly to: Word
}

interface Redirected {
  readonly redirections: readonly Redirection[]
}

export interface Simple extends Redirected {
  readonly k: 'simple'
  readonly assigns: readonly (readonly [string, Word])[]
  readonly words: readonly Word[]
  /** What it is called with, where that is the same each time. */
  readonly argv: readonly string[] | null
}
export interface Pipe {
  readonly k: 'pipe'
  readonly parts: readonly Node[]
  readonly not: boolean
}
export interface If extends Redirected {
  readonly k: 'if'
  readonly arms: readonly (readonly [Node, Node])[]
  readonly other: Node | null
}
export interface While extends Redirected {
  readonly k: 'while'
  readonly until: boolean
  readonly test: Node
  readonly body: Node
}
export interface For extends Redirected {
  readonly k: 'for'
  readonly name: string
  readonly words: readonly Word[] | null
  readonly body: Node
}
export interface Case extends Redirected {
  readonly k: 'case'
  readonly word: Word
  /** One for each pattern; several of one arm lead to the same commands. */
  readonly arms: readonly (readonly [Word, Node])[]
}
export interface Group extends Redirected {
  readonly k: 'group' | 'subshell'
  readonly body: Node
}

/** A command of the shell. */
export type Node =
  | Simple
  | Pipe
  | { readonly k: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly k: 'list'; readonly items: readonly Node[] }
  | { readonly k: 'background'; readonly body: Node }
  | If
  | While
  | For
  | Case
  | Group
  | { readonly k: 'function'; readonly name: string; readonly body: Node }

export function wordOf(parts: readonly Part[]): Word {
  let text: string | null = ''
  let pattern: string | null = ''
  let globs = false
  for (const part of parts) {
    if (part.t !== 'text') {
      text = null
      pattern = null
      continue
    }
    if (!part.quoted && /[*?]/.test(part.s)) globs = true
    if (text !== null) text += part.s
    if (pattern !== null) pattern += part.quoted ? literal(part.s) : part.s
  }
  return { parts, text, pattern, globs }
}

/** A text as a pattern that fits nothing else. */
export const literal = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&')

export const runsCommand = ({ parts }: Word): boolean => parts.some((part) => part.t === 'run')

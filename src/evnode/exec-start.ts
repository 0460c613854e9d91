import { EvhaError } from '../base/errors.ts'

/** A word of a command line in a unit: as written, and as the process gets it. */
export interface ExecWord {
  readonly raw: string
  readonly value: string
}

export interface ExecStart {
  /** Any of `-@:+!` before the path, as written. */
  readonly prefixes: string
  /** The program and its arguments. With `@` the program's displayed name is left out. */
  readonly words: readonly [ExecWord, ...ExecWord[]]
  /** With `@`: the name the process shows. */
  readonly displayed?: ExecWord
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** Reads the value of ExecStart= by systemd's rules of quoting. Throws EvhaError (usage) for what it can not mean. */
export function parseExecLine(value: string): ExecStart {
  const prefixes = /^[-@:+!|]*/.exec(value)?.[0] ?? ''
  const words = execWords(value.slice(prefixes.length))
  const [program, second, ...rest] = words
  if (program === undefined) throw unclear(value, 'it names no program')
  if (words.some((word) => word.raw === ';')) throw unclear(value, 'it runs several commands')
  if (!prefixes.includes('@')) return { prefixes, words: [program, ...words.slice(1)] }
  if (second === undefined) throw unclear(value, 'after @ it needs a name')
  return { prefixes, words: [program, ...rest], displayed: second }
}

/** The words of a line; quotes may stand anywhere in a word. */
export function execWords(line: string): readonly ExecWord[] {
  const words: ExecWord[] = []
  let raw = ''
  let value = ''
  let quote = ''
  const end = () => {
    if (raw !== '') words.push({ raw, value: expanded(value) })
    raw = ''
    value = ''
  }
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at)
    if (quote === '' && /\s/.test(char)) {
      end()
      continue
    }
    if (char === '\\') {
      const escaped = escapeAt(line, at)
      raw += escaped.raw
      value += escaped.value
      at += escaped.raw.length - 1
      continue
    }
    raw += char
    if (char === quote) quote = ''
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else value += char
  }
  if (quote !== '') throw unclear(line, 'a quote is not closed')
  end()
  return words
}

function escapeAt(line: string, at: number): { raw: string; value: string } {
  const [raw, hex, octal] = /^\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))/.exec(line.slice(at)) ?? []
  if (raw !== undefined) {
    const code = hex === undefined ? Number.parseInt(octal ?? '0', 8) : Number.parseInt(hex, 16)
    return { raw, value: String.fromCharCode(code) }
  }
  const next = line.charAt(at + 1)
  const known = escapes[next]
  if (known === undefined) throw unclear(line, `\\${next} means nothing there`)
  return { raw: `\\${next}`, value: known }
}

/** `$$` and `%%` stand for themselves; variables and specifiers are left as they are, see `hasUnknown`. */
function expanded(value: string): string {
  return value.replaceAll('$$', dollar).replaceAll('%%', percent)
}

// Private characters that no unit holds: what was escaped must not be taken for a variable later.
const dollar = '\uE000'
const percent = '\uE001'

/** True when systemd puts something else in place of a part of this word: a variable or a specifier. */
export function hasUnknown(word: ExecWord): boolean {
  return /\$(\{|[A-Za-z_])|%/.test(word.value)
}

/** The word as the process gets it. */
export function plainValue(word: ExecWord): string {
  return word.value.replaceAll(dollar, '$').replaceAll(percent, '%')
}

/** The word as Environment= means it, where a dollar sign means nothing and a pair of them is two. */
export function environmentValue(word: ExecWord): string {
  return word.value.replaceAll(dollar, () => '$$').replaceAll(percent, '%')
}

/** A word written so that systemd gives exactly it to the process. */
export function execQuote(word: string): string {
  const doubled = word.replaceAll('%', '%%').replaceAll('$', () => '$$')
  if (/^[A-Za-z0-9_@%+=:,./$-]+$/.test(doubled)) return doubled
  const escaped = doubled
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
  return `"${escaped}"`
}

function unclear(value: string, why: string): EvhaError {
  return new EvhaError({
    kind: 'blocked',
    message: `ExecStart can not be understood: ${why}: ${value.slice(0, 120)}`,
    changedAnything: 'no',
    retryable: false,
    hint: 'let ExecStart= run the node itself, in one line: BINARY start --home DIR …',
  })
}

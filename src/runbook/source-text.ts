import { type Document, isMap, isNode, LineCounter, parseDocument, type Scalar } from 'yaml'
import { EvhaError } from '../base/errors.ts'
import { runbookLimits } from './defaults.ts'

/** One thing wrong with a runbook, and where. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  /** One sentence, without the place. */
  readonly message: string
  readonly hint: string
  /** True when the place is the key itself, not its value. */
  readonly atKey?: boolean
}

/** A parsed YAML text that still knows its lines. */
export interface SourceText {
  readonly value: unknown
  /** The error for what is wrong with it: the first problem in full, the others by line. */
  refuse(problems: readonly [Problem, ...Problem[]]): EvhaError
}

/** Parses a runbook's text; a YAML mistake is an EvhaError 'usage' with file and line. */
export function parseSource(text: string, file: string): SourceText {
  const lines = new LineCounter()
  if (Buffer.byteLength(text) > runbookLimits.textBytesMax) {
    throw usage(`${file} is larger than 1 MiB: this is no runbook`, 'give the path of a runbook')
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const mistake = document.errors[0]
  if (mistake !== undefined) {
    const { line } = lines.linePos(mistake.pos[0])
    throw usage(
      `${file}:${line}: this is not valid YAML: ${mistake.message}`,
      'mend the line; a runbook with every key explained is runbooks/single-to-ha.yaml',
    )
  }
  const value = plainValue(document, file)
  return {
    value,
    refuse: (problems) => {
      const placed = problems.map((problem) => ({ problem, line: lineOf(document, lines, problem) }))
      placed.sort((left, right) => left.line - right.line)
      const [first, ...rest] = placed
      const { problem, line } = first ?? { problem: problems[0], line: 1 }
      const others = [...new Set(rest.map((other) => other.line))].filter((other) => other !== line)
      const more = others.length === 0 ? '' : `; more to mend on line ${others.slice(0, 10).join(', ')}`
      return usage(`${file}:${line}: ${problem.message}`, `${problem.hint}${more}`)
    },
  }
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    throw usage(
      `${file}: its aliases cannot be resolved: ${cause instanceof Error ? cause.message : String(cause)}`,
      'write the values out',
    )
  }
}

function lineOf(document: Document, lines: LineCounter, problem: Problem): number {
  for (let length = problem.path.length; length >= 0; length -= 1) {
    const path = problem.path.slice(0, length)
    const offset =
      problem.atKey === true || length < problem.path.length || length === 0
        ? (keyOffset(document, path) ?? valueOffset(document, path))
        : valueOffset(document, path)
    if (offset !== undefined) return lines.linePos(offset).line
  }
  return 1
}

function valueOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const found = path.length === 0 ? document.contents : document.getIn(path, true)
  return isNode(found) ? found.range?.[0] : undefined
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const holder = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(holder)) return undefined
  const pair = holder.items.find((item) => String((item.key as Scalar | null)?.value) === path.at(-1))
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined
}

/** Something is wrong with the command line or a runbook; nothing was done. */
export function usage(message: string, hint: string): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
}

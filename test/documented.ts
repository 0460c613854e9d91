import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** A command as a page writes it. */
export interface Documented {
  /** The page, from the root of the project. */
  readonly page: string
  /** `evha`, or a script of this project. */
  readonly program: string
  readonly words: readonly string[]
  /** True in a code block, which is meant to be typed as it stands; in a sentence arguments may be left out. */
  readonly whole: boolean
}

/** The commands of a page in docs, each as its words after `evha`: lines of its `sh` blocks, comments left out. */
export const documented = (page: string): (readonly string[])[] =>
  commandsOf(join('docs', page)).flatMap(({ program, words, whole }) =>
    whole && program === 'evha' ? [words] : [],
  )

/** Every command that README, docs, ARCHITECTURE and CHANGELOG name. */
export function documentedEverywhere(): Documented[] {
  const pages = readdirSync(root).filter((name) => name.endsWith('.md'))
  return [...pages, ...filesBelow('docs', '.md')].flatMap(commandsOf)
}

/** Every file below a directory of the project whose name ends so, from its root. */
export const filesBelow = (directory: string, end: string): string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(directory, name))
    .sort()

/** The words of a command as help shows it. */
export const wordsOf = (line: string): string[] =>
  line
    .replace(/\s#.*$/, '')
    .split(/ (?:[|>]|&&|>>) |\)/)[0]
    ?.trim()
    .split(/\s+/)
    .slice(1) ?? []

function commandsOf(page: string): Documented[] {
  const text = readFileSync(join(root, page), 'utf8')
  // What evha itself printed is a recording, wrapped by a terminal.
  const written = text.replace(/<!-- recorded [\s\S]*?<!-- end -->/g, '')
  const blocks = [...written.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  const indented = [...written.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^ {4}(\S.*)$/gm)]
  const typed = [
    ...blocks
      .join('\n')
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n'),
    ...indented.map(([, line = '']) => line),
  ]
  const spans = [...written.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, span = '']) => span,
  )
  return [
    ...typed.flatMap((line) => commandIn(page, line, true)),
    ...spans.flatMap((span) => commandIn(page, span, false)),
  ]
}

function commandIn(page: string, line: string, whole: boolean): Documented[] {
  const found = /(?:^\s*|<\(|\| |: |within )(evha|node dist\/cli\/main\.js|script\/[\w-]+)(?= |$|`)(.*)/.exec(
    line,
  )
  if (found === null) return []
  const [, program = '', rest = ''] = found
  return [
    {
      page,
      program: program.startsWith('node') ? 'evha' : program,
      words: wordsOf(`x${rest}`),
      whole,
    },
  ]
}

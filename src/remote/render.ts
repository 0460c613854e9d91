import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { Secret } from '../base/secret.ts'

const plain = /^[A-Za-z0-9_./:,@%+-]+$/
const plainOption = /^-[A-Za-z0-9_./:,@%+=-]+$/
/** Words a POSIX shell (or bash) would read as syntax when they stand first. */
const reserved = new Set(
  'if then else elif fi do done case esac while until for in function select time coproc'.split(' '),
)

/**
 * One word for a POSIX shell, single-quoted unless every character is harmless.
 * Throws EvhaError `usage` for a NUL character: no argument of a process can hold one.
 */
export function quote(word: string): string {
  if (word.includes('\0')) {
    throw new EvhaError({
      kind: 'usage',
      message: `an argument holds a NUL character: ${JSON.stringify(word)}`,
      changedAnything: 'no',
      retryable: false,
      hint: 'take the NUL character out of the runbook',
    })
  }
  const harmless = (plain.test(word) || plainOption.test(word)) && !reserved.has(word)
  return harmless ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Words as one piece of text that dash and bash read back as exactly these words. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

/** The command as text for a POSIX login shell. Its stdin is not part of the text. */
export function render(command: Pick<Command, 'argv'>): string {
  return quoteAll(command.argv)
}

/** The command as a person may see it: stdin only as a number of bytes, `[redacted]` when it is secret. */
export function renderRedacted(command: Pick<Command, 'argv' | 'stdin' | 'sensitive'>): string {
  const { stdin, sensitive } = command
  if (stdin === undefined) return render(command)
  const hidden = sensitive === true || stdin instanceof Secret
  return `${render(command)}  # stdin: ${hidden ? '[redacted]' : `${Buffer.byteLength(stdin)} bytes`}`
}

import { Known } from '../known.ts'

const globs = new Known<RegExp>(500)

/** A pattern of the shell as a regular expression for a whole text. */
export function globOf(glob: string): RegExp {
  return globs.of(glob, whole)
}

const whole = (glob: string): RegExp => new RegExp(`^(?:${sourceOf(glob)})$`)

const sourceOf = (glob: string): string =>
  glob.replace(/\\(.)|\[!?[^\]]*\]|[*?]|[.+^${}()|]/g, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (found === '*') return '[^]*'
    if (found === '?') return '[^]'
    if (found.startsWith('[')) return found.replace('[!', '[^')
    return `\\${found}`
  })

const beginnings = new Known<RegExp>(500)
const ends = new Known<RegExp>(500)

/** What is left of a text before the end that fits: the first place it fits from is the longest end, the last the shortest. */
function endOf(glob: string, longest: boolean): RegExp {
  return ends.of(
    `${longest ? 'longest' : 'shortest'} ${glob}`,
    () => new RegExp(`^([^]*${longest ? '?' : ''})(?:${sourceOf(glob)})$`),
  )
}

/**
 * The shortest or longest beginning that fits. The first place where each piece between two stars fits leaves the most to
 * those behind it, the last one the least: what a lazy or a greedy star takes.
 */
function beginningOf(glob: string, longest: boolean): RegExp {
  return beginnings.of(`${longest ? 'longest' : 'shortest'} ${glob}`, () => {
    const source = sourceOf(glob)
    return new RegExp(`^(?:${longest ? source : source.replaceAll('[^]*', '[^]*?')})`)
  })
}

/** `${x%pattern}` and its kin: the shortest or longest piece of an end that fits goes. */
export function cut(value: string, op: string, glob: string): string {
  const longest = op.length === 2
  if (op.startsWith('%')) return endOf(glob, longest).exec(value)?.[1] ?? value
  return value.slice(beginningOf(glob, longest).exec(value)?.[0].length ?? 0)
}

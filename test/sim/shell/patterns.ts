import { Known } from '../known.ts'

const globs = new Known<RegExp>(500)

/** A pattern of the shell as a regular expression for a whole text. */
export function globOf(glob: string): RegExp {
  return globs.of(glob, () => new RegExp(`^(?:${sourceOf(glob)})$`))
}

const sourceOf = (glob: string): string =>
  glob.replace(/\\(.)|\[!?[^\]]*\]|[*?]|[.+^${}()|]/g, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (found === '*') return '[^]*'
    if (found === '?') return '[^]'
    if (found.startsWith('[')) return found.replace('[!', '[^')
    return `\\${found}`
  })

const ends = new Map<string, RegExp>()

/** What is left of a text before the end that fits: the first place it fits from is the longest end, the last the shortest. */
function endOf(glob: string, longest: boolean): RegExp {
  const key = `${longest ? 'longest' : 'shortest'} ${glob}`
  const known = ends.get(key)
  if (known !== undefined) return known
  const made = new RegExp(`^([^]*${longest ? '?' : ''})(?:${sourceOf(glob)})$`)
  ends.set(key, made)
  return made
}

/** `${x%pattern}` and its kin: the shortest or longest piece of an end that fits goes. */
export function cut(value: string, op: string, glob: string): string {
  const longest = op.length === 2
  if (op.startsWith('%')) return endOf(glob, longest).exec(value)?.[1] ?? value
  const fits = globOf(glob)
  for (let k = 0; k <= value.length; k++) {
    const length = longest ? value.length - k : k
    if (fits.test(value.slice(0, length))) return value.slice(length)
  }
  return value
}

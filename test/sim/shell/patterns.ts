const globs = new Map<string, RegExp>()

/** A pattern of the shell as a regular expression for a whole text. */
export function globOf(glob: string): RegExp {
  const known = globs.get(glob)
  if (known !== undefined) return known
  const made = new RegExp(`^(?:${sourceOf(glob)})$`)
  globs.set(glob, made)
  return made
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

/** `${x%pattern}` and its kin: the shortest or longest piece of an end that fits goes. */
export function cut(value: string, op: string, glob: string): string {
  if (op === '%%') {
    let end = ends.get(glob)
    if (end === undefined) {
      end = new RegExp(`(?:${sourceOf(glob)})$`)
      ends.set(glob, end)
    }
    // The first place from which it fits up to the end is the longest.
    const at = value.search(end)
    return at === -1 ? value : value.slice(0, at)
  }
  const fits = globOf(glob)
  const [end, longest] = [op.startsWith('%'), op.length === 2]
  for (let k = 0; k <= value.length; k++) {
    const length = longest ? value.length - k : k
    const at = end ? value.length - length : length
    if (end && fits.test(value.slice(at))) return value.slice(0, at)
    if (!end && fits.test(value.slice(0, at))) return value.slice(at)
  }
  return value
}

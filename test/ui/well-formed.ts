const pieces =
  /<!--[\s\S]*?-->|<!doctype html>|<style>[\s\S]*?<\/style>|<(?<close>\/?)(?<name>[a-z][a-z0-9]*)(?<attributes>(?: [a-zA-Z-]+="[^"<>]*")*)\s*(?<empty>\/?)>/g

export interface Element {
  readonly name: string
  /** Their names. */
  readonly attributes: readonly string[]
}

/**
 * Every element of a page written as XML would have it: each closed where it belongs, each attribute quoted, no stray
 * `<` or `&`. Throws at the first thing a browser would have to guess.
 */
export function elementsOf(page: string): Element[] {
  const open: string[] = []
  const found: Element[] = []
  const between = page.split(/(?=<)/)
  if (between[0] !== '' && between[0]?.startsWith('<') === false)
    throw new Error(`text before the page: ${between[0]}`)
  let at = 0
  for (const match of page.matchAll(pieces)) {
    sound(page.slice(at, match.index))
    at = match.index + match[0].length
    const { close, name, attributes = '', empty } = match.groups ?? {}
    if (name === undefined) continue
    sound(attributes)
    if (close === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`</${name}> closes <${last ?? 'nothing'}>`)
      continue
    }
    found.push({ name, attributes: [...attributes.matchAll(/ ([a-zA-Z-]+)="/g)].map(([, one = '']) => one) })
    if (empty !== '/') open.push(name)
  }
  sound(page.slice(at))
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`)
  return found
}

function sound(text: string): void {
  const stray = /<|>|&(?!(?:amp|lt|gt|quot|#39);)/.exec(text)
  if (stray !== null) throw new Error(`a stray ${stray[0]} in ${JSON.stringify(text.slice(0, 80))}`)
}

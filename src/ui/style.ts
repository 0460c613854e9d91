import { styleText } from 'node:util'

/** How a stream may be written to, judged for each stream by itself. */
export interface Style {
  dim(text: string): string
  bold(text: string): string
  good(text: string): string
  bad(text: string): string
}

const plain: Style = { dim: same, bold: same, good: same, bad: same }

function same(text: string): string {
  return text
}

/** Colour only where a person looks: a terminal that is not dumb, without NO_COLOR or --no-color; FORCE_COLOR insists. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  wanted: boolean,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Style {
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  const refused = !wanted || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  if (refused || (stream.isTTY !== true && !forced)) return plain
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { validateStream: false })
  return { dim: paint('dim'), bold: paint('bold'), good: paint('green'), bad: paint('red') }
}

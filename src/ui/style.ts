import { styleText } from 'node:util'

/** What a text stream must be to be written to: stderr, stdout, or a test's. */
export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** The few ways a word may stand out. Without colour each gives the text back as it is. */
export interface Palette {
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly warn: (text: string) => string
  readonly bad: (text: string) => string
}

const same = (text: string) => text
const styled = (format: Parameters<typeof styleText>[0]) => (text: string) =>
  // Judged here, for the stream it is written to; Node itself would look at stdout.
  styleText(format, text, { validateStream: false })

export const plain: Palette = { strong: same, dim: same, good: same, warn: same, bad: same }

const coloured: Palette = {
  strong: styled('bold'),
  dim: styled('dim'),
  good: styled('green'),
  warn: styled('yellow'),
  bad: styled('red'),
}

/**
 * Whether one stream gets colour: `--no-color` and NO_COLOR forbid it, FORCE_COLOR asks for it,
 * else only a terminal that is not `dumb` has it.
 */
export function wantsColour(
  stream: Pick<TextSink, 'isTTY'>,
  env: Readonly<NodeJS.ProcessEnv>,
  allowed: boolean,
): boolean {
  if (!allowed || (env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

export function paletteOf(colour: boolean): Palette {
  return colour ? coloured : plain
}

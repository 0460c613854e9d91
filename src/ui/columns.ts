/** Text is laid out for this many columns, or fewer where the terminal has fewer. */
export const widthMax = 80

export type Row = readonly [label: string, value: string]

/** The width to lay text out for; lines for a file or a pipe are never broken. */
export function widthOf(stream: {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}) {
  if (stream.isTTY !== true) return Number.POSITIVE_INFINITY
  // A terminal that does not know its size says 0.
  return Math.max(40, Math.min(widthMax, stream.columns || widthMax))
}

/** Rows of label and value in two columns; a long value goes on below itself. */
export function twoColumns(
  rows: readonly Row[],
  width: number,
  indent = '  ',
  paint = (label: string) => label,
) {
  const labelWidth = Math.max(0, ...rows.map(([label]) => label.length))
  const hanging = indent + ' '.repeat(labelWidth + 2)
  return rows.flatMap(([label, value]) => {
    const [first = '', ...rest] = wrap(value, width - hanging.length)
    const head = `${indent}${paint(label)}${' '.repeat(labelWidth - label.length + 2)}${first}`
    return [head.trimEnd(), ...rest.map((line) => hanging + line)]
  })
}

/** A sentence in lines of at most `width` columns; a word that is longer stands alone and is not cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

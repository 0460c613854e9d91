/** Reads what a script printed as lines of a label and a value; '' for a label that is not there. */
export function labelledLines(text: string): (label: string) => string {
  const lines = text.split('\n')
  return (label) =>
    lines
      .find((line) => line.startsWith(`${label} `))
      ?.slice(label.length + 1)
      .trim() ?? ''
}

const sums = new Map<string, (n: readonly number[]) => unknown>()

/** `$(( ))` of whole numbers. */
export function summed(text: string, vars: ReadonlyMap<string, string>): number {
  const filled = text.replace(/[A-Za-z_]\w*/g, (name) => vars.get(name) ?? '0')
  if (!/^[\d\s+*/%()<>=!-]+$/.test(filled))
    throw new Error(`the simulated shell does not know the sum ${text}`)
  // Numbers by their place: what is compiled once serves every moment and size.
  const numbers: string[] = []
  const form = filled.replace(/\d+/g, (digits) => `n[${numbers.push(digits) - 1}]`)
  let sum = sums.get(form)
  if (sum === undefined) {
    sum = new Function('n', `return (${form})`) as (n: readonly number[]) => unknown
    sums.set(form, sum)
  }
  return Math.trunc(Number(sum(numbers.map(Number))))
}

/** The value below which this part of the values lies; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))] ?? Number.NaN
}

/** Median, and the lowest and highest, in whole numbers. */
export function counted(values: readonly number[]): string {
  const [low, middle, high] = [Math.min(...values), quantile(values, 0.5), Math.max(...values)].map(
    Math.round,
  )
  return values.length === 0 ? '-' : `${middle} (${low} to ${high})`
}

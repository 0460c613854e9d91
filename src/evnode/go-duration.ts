const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a duration as Go writes it (`1m0s`, `100ms`, `0s`), or undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const bare = text.trim()
  if (bare === '0') return 0
  if (!/^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(bare)) return undefined
  const parts = [...bare.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g)]
  const total = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitsMs[unit] ?? 0), 0)
  return bare.startsWith('-') ? -total : total
}

/** A duration for the node's configuration, from whole milliseconds. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

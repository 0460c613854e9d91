const units: Readonly<Record<string, number>> = {
  '': 1_000,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a time span as units write it (`90`, `1s`, `500ms`, `1min 30s`); undefined for none, and for infinity. */
export function spanMs(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'infinity') return undefined
  let sum = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g))
    sum += Number(amount) * (units[unit] ?? 0)
  return sum
}

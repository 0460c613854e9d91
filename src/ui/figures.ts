/** A duration as a person reads it: `310 ms`, `5.1 s`, `2 min 5 s`, `3 h 4 min`. */
export function duration(ms: number): string {
  const rounded = Math.round(ms)
  if (rounded < 1_000) return `${rounded} ms`
  if (rounded < 59_950) return `${(rounded / 1_000).toFixed(1)} s`
  const seconds = Math.round(rounded / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${tail(seconds % 60, 's')}`
  return `${Math.floor(minutes / 60)} h${tail(minutes % 60, 'min')}`
}

const tail = (rest: number, unit: string) => (rest === 0 ? '' : ` ${rest} ${unit}`)

const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes exactly, and in a unit a person can hold in mind: `1.4 GiB (1503238553 bytes)`. */
export function bytes(count: number): string {
  let value = count
  let unit: string | undefined
  for (const next of units) {
    if (value < 1_024) break
    value /= 1_024
    unit = next
  }
  return unit === undefined ? `${count} bytes` : `${value.toFixed(1)} ${unit} (${count} bytes)`
}

/** An ISO time without fractions of a second: `2026-01-31 12:00:05 UTC`. */
export function time(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** `1 node`, `5 nodes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

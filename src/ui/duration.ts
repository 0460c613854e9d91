/** A duration as a person reads it: `0.4 s`, `12.3 s`, `4 min 05 s`. */
export function durationText(ms: number): string {
  if (ms < 90_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** Bytes as a person reads them: `812 B`, `3.4 kB`, `1.2 GB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let rest = bytes
  let at = 0
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000
    at += 1
  }
  return at === 0 ? `${rest} B` : `${rest.toFixed(1)} ${units[at]}`
}

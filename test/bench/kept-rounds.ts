import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Rounds that an earlier call kept in FILE, those with the same node; none without a file. */
export function keptRounds<T extends { readonly real: boolean }>(
  file: string | undefined,
  real: boolean,
): T[] {
  if (file === undefined || !existsSync(file)) return []
  const { rounds } = JSON.parse(readFileSync(file, 'utf8')) as { rounds: T[] }
  // A page has one label.
  return rounds.filter((one) => one.real === real)
}

/** All of them; a call that is broken off leaves the file of before. */
export function keepRounds(file: string | undefined, rounds: readonly unknown[]): void {
  if (file === undefined) return
  writeFileSync(`${file}.new`, JSON.stringify({ rounds }, null, 1))
  renameSync(`${file}.new`, file)
}

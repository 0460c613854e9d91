import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The text of a file recorded from the real node. */
export function fixture(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../fixtures/evnode/${path}`, import.meta.url)), 'utf8')
}

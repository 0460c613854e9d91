import { hash } from 'node:crypto'
import { Known } from './known.ts'

const known = new Known<string>(2_000)

/** sha256 of a text, hex. Hosts hold the same files, and look at them again and again. */
export function sha256(text: string): string {
  return known.of(text, digest)
}

const digest = (text: string): string => hash('sha256', text)

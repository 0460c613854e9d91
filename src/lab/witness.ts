import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostFiles } from './layout.ts'

/** One header somebody signed, as the stand-in noted it before it told anybody. */
export interface SignedHeader {
  readonly host: string
  readonly height: number
  readonly hash: string
}

/** Every header signed on any host of a lab, in the order of each host. */
export function signedHeaders(root: string): SignedHeader[] {
  return readdirSync(root).flatMap((host) => {
    const path = hostFiles(join(root, host)).signed
    // What follows the last newline is a line being written right now.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return lines.map((line) => {
      const { height, hash } = JSON.parse(line) as { height: number; hash: string }
      return { host, height, hash }
    })
  })
}

/** Heights for which two different headers were signed. */
export function heightsSignedTwice(root: string): number[] {
  const hashes = new Map<number, Set<string>>()
  for (const { height, hash } of signedHeaders(root))
    hashes.set(height, (hashes.get(height) ?? new Set()).add(hash))
  return [...hashes]
    .filter(([, seen]) => seen.size > 1)
    .map(([height]) => height)
    .sort((a, b) => a - b)
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostFiles } from './layout.ts'

/** One header somebody signed, as the stand-in noted it before it told anybody. */
export interface SignedHeader {
  readonly host: string
  readonly height: number
  readonly hash: string
}

interface Noted extends SignedHeader {
  readonly what: 'signed' | 'kept'
}

/** Every header signed on any host of a lab, in the order of each host. */
export function signedHeaders(root: string): SignedHeader[] {
  return noted(root)
    .filter(({ what }) => what === 'signed')
    .map(({ host, height, hash }) => ({ host, height, hash }))
}

/** Heights for which two different headers were signed and kept by some store: a fork. */
export function heightsSignedTwice(root: string): number[] {
  return heightsTwice(noted(root).filter(({ what }) => what === 'kept'))
}

/**
 * Heights for which a leader signed a header that no store keeps, beside the one that counts: it died between signature
 * and quorum. The real node does the same (evnode.md B 4), and nobody outside of Raft can see it.
 */
export function heightsSignedInVain(root: string): number[] {
  const all = noted(root)
  const forked = heightsTwice(all.filter(({ what }) => what === 'kept'))
  return heightsTwice(all).filter((height) => !forked.includes(height))
}

/** Heights with more than one hash, ascending. */
export function heightsTwice(headers: readonly Pick<SignedHeader, 'height' | 'hash'>[]): number[] {
  const hashes = new Map<number, Set<string>>()
  for (const { height, hash } of headers) hashes.set(height, (hashes.get(height) ?? new Set()).add(hash))
  return [...hashes]
    .filter(([, seen]) => seen.size > 1)
    .map(([height]) => height)
    .sort((a, b) => a - b)
}

function noted(root: string): Noted[] {
  return readdirSync(root).flatMap((host) => {
    const path = hostFiles(join(root, host)).signed
    // What follows the last newline is a line being written right now.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return lines.map((line) => ({ ...(JSON.parse(line) as Omit<Noted, 'host'>), host }))
  })
}

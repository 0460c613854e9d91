import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a home one of the same chain: its genesis and signer, and its data if wanted; the node key stays its own. */
export function copyChain(from: string, to: string, { data }: { readonly data: boolean }): void {
  for (const file of ['genesis.json', 'signer.json'])
    execFileSync('cp', [join(from, 'config', file), join(to, 'config', file)])
  if (data) copyData(from, to)
}

/** The data of a home in the place of another's, holes left out. */
export function copyData(from: string, to: string): void {
  rmSync(join(to, 'data'), { recursive: true, force: true })
  execFileSync('cp', ['-a', '--sparse=always', join(from, 'data'), join(to, 'data')])
}

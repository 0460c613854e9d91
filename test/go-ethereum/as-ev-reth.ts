import { chmodSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { quote } from '../../src/remote/render.ts'

const project = resolve(import.meta.dirname, '..', '..')

/** The program of `EVHA_EL_BIN` runs in place of the stand-in client. */
export const realClient = (process.env['EVHA_EL_BIN'] ?? '') !== ''

/** The environment of `evha lab up`: a `geth` of `EVHA_EL_BIN` gets ev-reth's command line, by a program laid into `dir`. */
export function labEnvironment(dir: string): Readonly<Record<string, string>> {
  const geth = process.env['EVHA_EL_BIN'] ?? ''
  if (basename(geth) !== 'geth') return {}
  const path = join(dir, 'ev-reth')
  writeFileSync(path, gethAsEvReth({ project, node: process.execPath, geth: resolve(geth) }))
  chmodSync(path, 0o755)
  return { EVHA_EL_BIN: path }
}

/** A shell script that is go-ethereum behind its proxy. `project` is this repository's directory where it runs. */
export function gethAsEvReth(at: { project: string; node: string; geth: string }): string {
  const tsx = join(at.project, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs')
  const main = join(at.project, 'test', 'go-ethereum', 'main.ts')
  return `#!/bin/sh
exec ${quote(at.node)} --import ${quote(tsx)} ${quote(main)} --geth ${quote(at.geth)} "$@"
`
}

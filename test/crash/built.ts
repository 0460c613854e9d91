import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from '../output-of.ts'

const top = join(import.meta.dirname, '..', '..')

/** evha as built. */
export const main = join(top, 'dist', 'cli', 'main.js')

const timeoutMs = 120_000

/** Compiles the workstation, once for thousands of its processes: compiled at each start it costs a second of a processor more. */
export async function builtWorkstation(): Promise<string> {
  // Below node_modules its imports are found, and nothing looks for sources.
  const dir = join(top, 'node_modules', '.cache', `evha-crash-${process.pid}`)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  copyFileSync(join(top, 'package.json'), join(dir, 'package.json'))
  const config = join(dir, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(top, 'tsconfig.json'),
      compilerOptions: { noEmit: false, outDir: dir, rootDir: top },
      include: [join(import.meta.dirname, 'workstation.ts')],
    }),
  )
  const compiler = spawn(join(top, 'node_modules', '.bin', 'tsc'), ['-p', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, stdout, stderr } = await outputOf(compiler, { says: 'tsc', timeoutMs })
  if (code !== 0) throw new Error(`the workstation can not be compiled: ${stdout}${stderr}`)
  return dir
}

export const workstationIn = (built: string): string => join(built, 'test', 'crash', 'workstation.js')

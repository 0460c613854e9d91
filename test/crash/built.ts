import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const top = join(import.meta.dirname, '..', '..')

/** evha as built. */
export const main = join(top, 'dist', 'cli', 'main.js')

/** ES modules have no `require`, and some that are put into the one file ask for it. */
const withRequire = `import { createRequire as requireOf } from 'node:module'
const require = requireOf(import.meta.url)`

/**
 * Compiles the workstation into one file, once for thousands of its processes: found and compiled module by module at
 * each start, they would spend half of their processor's time on that.
 */
export async function builtWorkstation(): Promise<string> {
  // Below node_modules its imports are found, and nothing looks for sources.
  const dir = join(top, 'node_modules', '.cache', `evha-crash-${process.pid}`)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  copyFileSync(join(top, 'package.json'), join(dir, 'package.json'))
  await build({
    entryPoints: [join(import.meta.dirname, 'workstation.ts')],
    outfile: workstationIn(dir),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // One looks for its native parts beside itself, the other starts a thread of its own.
    external: ['ssh2', 'pino'],
    banner: { js: withRequire },
  })
  return dir
}

export const workstationIn = (built: string): string => join(built, 'test', 'crash', 'workstation.js')

import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from '../output-of.ts'

/**
 * Runs test/sim/main.ts once for each row of arguments, so many at once, and gives what each printed as JSON. It runs as
 * plain JavaScript: a loader in between costs more than it may. `heard` is told each as it ends.
 */
export async function inProcesses<T>(
  rows: readonly (readonly string[])[],
  atOnce = rows.length,
  heard: (answer: T) => void = () => undefined,
): Promise<T[]> {
  const { main, remove } = compiled()
  const answers: T[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let i = next++; i < rows.length; i = next++) {
      const answer = (await answerOf(main, rows[i] ?? [])) as T
      answers[i] = answer
      heard(answer)
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, work))
    return answers
  } finally {
    remove()
  }
}

async function answerOf(main: string, args: readonly string[]): Promise<unknown> {
  // Most of what a run makes lives for a moment: a large nursery spares copying it. As many processes run as there are
  // processors: helpers of the collector would only take them from each other.
  const argv = ['--max-semi-space-size=64', '--single-threaded-gc', main, '--worker', ...args]
  const ended = await outputOf(spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] }))
  if (ended.code !== 0)
    throw new Error(`a process of the simulation ended with ${ended.code}: ${ended.stderr}`)
  return JSON.parse(ended.stdout)
}

function compiled(): { readonly main: string; readonly remove: () => void } {
  const root = new URL('../../', import.meta.url).pathname
  // Below node_modules, so that packages are found from there.
  const dir = mkdtempSync(join(root, 'node_modules', '.evha-sim-'))
  const remove = (): void => rmSync(dir, { recursive: true, force: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--noEmit', 'false', '--noCheck', '--rootDir', root, '--outDir', dir]
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), ...options])
  if (status !== 0) {
    remove()
    throw new Error(`the simulation does not compile: ${String(stdout)}`)
  }
  copyFileSync(join(root, 'package.json'), join(dir, 'package.json'))
  return { main: join(dir, 'test', 'sim', 'main.js'), remove }
}

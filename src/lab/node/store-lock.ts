import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { NodeExit } from './exit-with.ts'

/**
 * The flock on a database directory, real: a child takes it on the inherited descriptor, this process keeps it, and
 * the kernel frees it with the process, SIGKILL included.
 */
export function lockStore(dir: string): { release(): void } {
  const fd = openSync(dir, 'r')
  const taken = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  if (taken.status !== 0) {
    closeSync(fd)
    throw new NodeExit(
      `Cannot acquire directory lock on "${dir}".  Another process is using this Badger database. error: resource temporarily unavailable`,
    )
  }
  return { release: () => closeSync(fd) }
}

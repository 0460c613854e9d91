import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NodeFailure } from '../failure.ts'

/** A held store. */
export interface StoreLock {
  /** Lets the store go, and its pid file. */
  release(): void
  /** Lets the store go as a kill does: the pid file stays. */
  abandon(): void
}

/**
 * Takes the flock on a database directory, as the real database does: the directory is opened here, a child takes the
 * lock on the descriptor it inherits, and this process holds it until it ends, SIGKILL included. Throws NodeFailure.
 */
export function takeStoreLock(dir: string): StoreLock {
  const fd = openSync(dir, 'r')
  const taken = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    timeout: 10_000,
  })
  if (taken.status !== 0) {
    closeSync(fd)
    const why = taken.error === undefined ? 'resource temporarily unavailable' : taken.error.message
    throw new NodeFailure(
      `Cannot acquire directory lock on "${dir}".  Another process is using this Badger database. error: ${why}`,
    )
  }
  const pidFile = join(dir, 'LOCK')
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  return {
    release: () => {
      rmSync(pidFile, { force: true })
      closeSync(fd)
    },
    abandon: () => closeSync(fd),
  }
}

import { kill, pid } from 'node:process'

const passed = new Map<string, number>()

/**
 * A named place where a test may kill this very process with SIGKILL: nothing is flushed, no handler runs.
 * It does so when the environment variable EVHA_CRASH_AT is `name`, or `name#n` for the n-th time it is passed.
 * Those of this room: journal.before-write, journal.after-write, journal.after-fsync (each append passes all three; one with the next passes the first two),
 * run.before-birth, run.after-birth, lock.claimed, lock.guarded, lock.replaced.
 * Compiled in, so that what is tested is what is shipped; without the variable it costs one comparison.
 */
export function crashPoint(name: string): void {
  const wanted = process.env['EVHA_CRASH_AT']
  if (wanted === undefined) return
  const times = (passed.get(name) ?? 0) + 1
  passed.set(name, times)
  if (wanted === name || wanted === `${name}#${times}`) die()
}

/** Kills this very process with SIGKILL; nothing of it happens after. */
export function die(): never {
  kill(pid, 'SIGKILL')
  // The signal is on its way: let nothing else happen before it arrives.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  throw new Error('SIGKILL did not kill')
}

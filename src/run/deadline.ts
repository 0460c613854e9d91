import { setMaxListeners } from 'node:events'
import type { Clock } from './clock.ts'

/** A signal that a point in time aborts. */
export interface Deadline {
  readonly signal: AbortSignal
  /** True once the time was up. */
  readonly spent: () => boolean
  readonly clear: () => void
}

/** Aborts with `stopNow`, or at `deadlineMs` (epoch ms); null: only with `stopNow`. */
export function untilDeadline(clock: Clock, stopNow: AbortSignal, deadlineMs: number | null): Deadline {
  if (deadlineMs === null) return { signal: stopNow, spent: () => false, clear: () => undefined }
  const over = new AbortController()
  const callOff = clock.after(Math.max(0, deadlineMs - clock.now()), () => over.abort())
  const signal = AbortSignal.any([stopNow, over.signal])
  // Every command on every host listens to it; the hosts bound how many that are.
  setMaxListeners(0, signal)
  return { signal, spent: () => over.signal.aborted, clear: callOff }
}

import { setTimeout as sleep } from 'node:timers/promises'

/** The time that what waits for hosts lives in; a test may bring one of its own. */
export interface Time {
  /** Epoch ms. */
  now(): number
  /** Rejects as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `run` once after so many ms, unless it is called off by what is returned. */
  after(ms: number, run: () => void): () => void
}

export const realTime: Time = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

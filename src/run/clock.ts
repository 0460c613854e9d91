import { setTimeout as sleep } from 'node:timers/promises'

/** The time a run lives in. Everything in this room that asks for the time or waits does it here, so that a test can bring a time of its own. */
export interface Clock {
  /** Epoch ms by this workstation's clock. */
  now(): number
  /** Rejects as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `run` once after so many ms, unless it is called off by what is returned. */
  after(ms: number, run: () => void): () => void
  /** Calls `run` each so many ms until it is called off. Keeps no process alive. */
  every(ms: number, run: () => void): () => void
}

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref()
    return () => clearInterval(timer)
  },
}

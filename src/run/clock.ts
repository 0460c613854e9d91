import { realTime, type Time } from '../journal/time.ts'

/** The time a run lives in. Everything in this room that asks for the time or waits does it here, so that a test can bring a time of its own. */
export interface Clock extends Time {
  /** Calls `run` each so many ms until it is called off. Keeps no process alive. */
  every(ms: number, run: () => void): () => void
}

export const realClock: Clock = {
  ...realTime,
  // What a run waits for keeps its process alive.
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref()
    return () => clearInterval(timer)
  },
}

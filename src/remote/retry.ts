import { setTimeout as sleep } from 'node:timers/promises'
import { EvhaError } from '../base/errors.ts'
import type { Outcome, Remote } from './remote.ts'
import { untouched } from './untouched.ts'

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly attemptsMax: number
  /** Pause before the second try; it doubles from try to try. */
  readonly pauseMs: number
  /** How it pauses; ends early when the signal aborts, and never rejects. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** The same host; a command that changes nothing is tried again when the link was lost or could not be made. */
export function retrying(remote: Remote, options: RetryOptions = { attemptsMax: 3, pauseMs: 250 }): Remote {
  const wait = options.wait ?? pause
  return {
    ...untouched(remote),
    async run(command, signal): Promise<Outcome> {
      if (command.mutates) return remote.run(command, signal)
      for (let attempt = 1; ; attempt += 1) {
        const last = attempt >= options.attemptsMax || signal?.aborted === true
        try {
          const outcome = await remote.run(command, signal)
          if (last || outcome.kind === 'finished' || outcome.why !== 'linkLost') return outcome
        } catch (error) {
          if (last || !(error instanceof EvhaError && error.kind === 'unreachable')) throw error
        }
        await wait(options.pauseMs * 2 ** (attempt - 1), signal)
      }
    },
    stream: (command, signal) => remote.stream(command, signal),
    send: (file, path, signal) => remote.send(file, path, signal),
  }
}

/** An abort ends the pause; the next try then tells of it. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {})
}

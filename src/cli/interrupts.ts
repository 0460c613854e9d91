import type { Press } from '../ui/press-text.ts'

/** What the operator's signals ask of a run. */
export interface Interrupts {
  /** True after the first Ctrl-C: stop at the next safe point. */
  readonly stopSoon: () => boolean
  /** Aborts on the first Ctrl-C: open questions close. */
  readonly closing: AbortSignal
  /** Aborts on the second Ctrl-C, or on SIGTERM. */
  readonly stopNow: AbortSignal
  /** The exit code of the signal that came, or null. */
  readonly exitCode: () => 130 | 143 | null
  readonly release: () => void
}

/**
 * Listens to Ctrl-C and SIGTERM while a run is driven. SIGTERM counts as the second press. A terminal that hangs up
 * counts as the first: a window that was opened is finished, because stopping in it costs the attempt.
 * `leave` must not come back.
 */
export function watchInterrupts(tell: (press: Press, signal: NodeJS.Signals) => void): Interrupts {
  const closing = new AbortController()
  const stopNow = new AbortController()
  let presses = 0
  let code: 130 | 143 | null = null
  const press = (signal: NodeJS.Signals, least: 1 | 2) => {
    presses = Math.max(presses + 1, least)
    code ??= signal === 'SIGTERM' ? 143 : 130
    tell(presses === 1 ? 'soon' : presses === 2 ? 'now' : 'leave', signal)
    closing.abort()
    if (presses >= 2) stopNow.abort()
  }
  const onInt = () => press('SIGINT', 1)
  const onTerm = () => press('SIGTERM', 2)
  const onHangUp = () => {
    if (presses === 0) press('SIGHUP', 1)
  }
  process.on('SIGINT', onInt).on('SIGTERM', onTerm).on('SIGHUP', onHangUp)
  return {
    stopSoon: () => presses > 0,
    closing: closing.signal,
    stopNow: stopNow.signal,
    exitCode: () => code,
    release: () => {
      process.off('SIGINT', onInt).off('SIGTERM', onTerm).off('SIGHUP', onHangUp)
    },
  }
}

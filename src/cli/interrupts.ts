import { talk } from './output.ts'

/** What the operator's signals mean to a running migration. */
export interface Interrupts {
  readonly stopNow: AbortSignal
  stopSoon(): boolean
  /** 130 or 143 when a signal ended the command. */
  exitCode(): number | null
  release(): void
}

/** Ctrl-C once: stop at the next safe point. Twice, or SIGTERM: stop now. Three times: leave at once. */
export function listenForInterrupts(): Interrupts {
  const now = new AbortController()
  let presses = 0
  let code: number | null = null
  const onInt = () => {
    presses += 1
    code = 130
    if (presses === 1) {
      talk('\nstopping at the next safe point; press Ctrl-C again to stop now (`evha resume` goes on)\n')
      return
    }
    if (presses === 2) {
      talk('\nstopping now; the hosts stay as they are until `evha resume`\n')
      now.abort()
      return
    }
    process.exit(130)
  }
  const onTerm = () => {
    code = 143
    talk('\nSIGTERM: stopping now; the hosts stay as they are until `evha resume`\n')
    now.abort()
  }
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  return {
    stopNow: now.signal,
    stopSoon: () => presses > 0,
    exitCode: () => code,
    release: () => {
      process.off('SIGINT', onInt)
      process.off('SIGTERM', onTerm)
    },
  }
}

import type { ReadStream } from 'node:tty'
import enquirer from 'enquirer'
import type { TextSink } from './style.ts'

/** One line asked from a terminal. */
export interface LineQuestion {
  /** The words before the cursor; asked for anew every second while a deadline runs. */
  readonly message: () => string
  readonly stdin: ReadStream
  readonly output: TextSink
  readonly colour: boolean
  /** Closes the question from outside. */
  readonly signal: AbortSignal
  /** Epoch ms after which nobody waits for the line any more. */
  readonly deadlineMs?: number
}

export type Line =
  | { readonly kind: 'typed'; readonly text: string }
  /** Ctrl-C, Escape, the terminal went away, or the signal. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'late' }

interface InputPrompt {
  run(): Promise<string>
  render(): Promise<void>
  cancel(): Promise<void>
}

/** enquirer's own types leave its prompt classes out. */
const { Input } = enquirer as unknown as { Input: new (options: object) => InputPrompt }

/** Time in which keys that were pressed before the question arrive, to be thrown away. */
const typeAheadMs = 50

/**
 * Throws away what was typed before the question was shown: consent to something unseen is none.
 * Gives false when Ctrl-C was among it, or the terminal went away.
 */
export async function discardTypeAhead(stdin: ReadStream): Promise<boolean> {
  let interrupted = false
  const look = (chunk: Buffer | string) => {
    if (chunk.toString().includes('\u0003')) interrupted = true
  }
  const gone = () => {
    interrupted = true
  }
  stdin.setRawMode(true)
  stdin.on('data', look).once('end', gone).once('error', gone)
  stdin.resume()
  await new Promise((resolve) => setTimeout(resolve, typeAheadMs))
  stdin.pause()
  stdin.off('data', look).off('end', gone).off('error', gone)
  return !interrupted
}

/** Asks for one line. The terminal must have been found fit to ask: enquirer off a terminal ends the process. */
export async function askLine(question: LineQuestion): Promise<Line> {
  if (question.signal.aborted) return { kind: 'cancelled' }
  const prompt = new Input({
    name: 'line',
    message: question.message,
    stdin: question.stdin,
    stdout: question.output,
    styles: { enabled: question.colour },
  })
  const { promise, settle } = firstOf<Line>()
  const cancelled = () => settle({ kind: 'cancelled' })
  const close = (line: Line) => {
    settle(line)
    prompt.cancel().catch(cancelled)
  }
  const closed = () => close({ kind: 'cancelled' })
  question.signal.addEventListener('abort', closed, { once: true })
  question.stdin.once('end', cancelled).once('close', cancelled).once('error', cancelled)
  const stopWatching = watchForClosedReadline(cancelled)
  const stopCounting = countDown(question.deadlineMs, prompt, () => close({ kind: 'late' }))
  // Ctrl-C rejects with the empty string, not with an Error.
  prompt.run().then((text) => settle({ kind: 'typed', text }), cancelled)
  try {
    return await promise
  } finally {
    stopCounting()
    // Closing a prompt ends in later turns of the loop; until then its errors are ours.
    setTimeout(stopWatching, typeAheadMs).unref()
    question.signal.removeEventListener('abort', closed)
    question.stdin.off('end', cancelled).off('close', cancelled).off('error', cancelled)
  }
}

function countDown(deadlineMs: number | undefined, prompt: InputPrompt, late: () => void): () => void {
  if (deadlineMs === undefined) return () => undefined
  const timer = setTimeout(late, Math.max(0, deadlineMs - Date.now()))
  const ticking = setInterval(() => prompt.render().catch(() => undefined), 1_000)
  return () => {
    clearTimeout(timer)
    clearInterval(ticking)
  }
}

function firstOf<T>(): { readonly promise: Promise<T>; readonly settle: (value: T) => void } {
  let settle: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    settle = resolve
  })
  return { promise, settle: (value) => settle(value) }
}

/**
 * From Node 24.2 on enquirer stumbles over Ctrl-C: readline has closed itself, and pausing it again throws where
 * nobody can catch it (enquirer #483). While a question is open this one error means that the line was cancelled.
 */
function watchForClosedReadline(cancelled: () => void): () => void {
  const onRejection = (reason: unknown) => {
    if ((reason as NodeJS.ErrnoException | undefined)?.code !== 'ERR_USE_AFTER_CLOSE') throw reason
    cancelled()
  }
  process.on('unhandledRejection', onRejection)
  return () => process.off('unhandledRejection', onRejection)
}

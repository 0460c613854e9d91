import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import enquirer from 'enquirer'
import { widthMax } from './columns.ts'
import type { TextSink } from './style.ts'

/** One line asked from a terminal. */
export interface LineQuestion {
  /** The words before the cursor; asked for anew every second while a deadline runs. */
  readonly message: () => string
  /** Its raw mode is switched on here, and off by who asked. */
  readonly stdin: ReadStream
  readonly output: TextSink
  readonly colour: boolean
  /** True for a secret: what is typed is not shown. */
  readonly hidden?: boolean
  /** Closes the question from outside. */
  readonly signal: AbortSignal
  /** Epoch ms after which nobody waits for the line any more. */
  readonly deadlineMs?: number
}

export type Line =
  | { readonly kind: 'typed'; readonly text: string }
  /** Ctrl-C, Ctrl-D, Escape, the terminal went away, or the signal. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'late' }

interface InputPrompt {
  run(): Promise<string>
  render(): Promise<void>
  cancel(): Promise<void>
}

/** enquirer's own types leave its prompt classes out. */
const { Input, Password } = enquirer as unknown as Record<
  'Input' | 'Password',
  new (
    options: object,
  ) => InputPrompt
>

/** Time in which keys that were pressed before the question arrive, to be thrown away. */
const typeAheadMs = 50
const ctrlC = '\u0003'
const ctrlD = '\u0004'
const ctrlZ = '\u001a'

/**
 * Throws away what was typed before the question was shown: consent to something unseen is none.
 * Gives false when Ctrl-C was among it, or the terminal went away.
 */
export async function discardTypeAhead(stdin: ReadStream): Promise<boolean> {
  let left = true
  const look = (chunk: Buffer | string) => {
    if (chunk.toString().includes(ctrlC)) left = false
  }
  const gone = () => {
    left = false
  }
  stdin.setRawMode(true)
  stdin.on('data', look).once('end', gone).once('error', gone)
  stdin.resume()
  await new Promise((resolve) => setTimeout(resolve, typeAheadMs))
  stdin.pause()
  stdin.off('data', look).off('end', gone).off('error', gone)
  return left
}

/**
 * Asks for one line, and answers when the question has left the screen's last line to others.
 * The terminal must have been found fit to ask: enquirer off a terminal ends the process.
 */
export function askLine(question: LineQuestion): Promise<Line> {
  if (question.signal.aborted) return Promise.resolve({ kind: 'cancelled' })
  return new Promise((resolve) => {
    const keys = new Keys()
    const prompt = promptOn(keys, question)
    let open = true
    const closed = (): boolean => {
      const first = open
      open = false
      if (first) release()
      return first
    }
    const close = (line: Line) => {
      if (closed())
        void prompt.cancel().then(
          () => resolve(line),
          () => resolve(line),
        )
    }
    const cancel = () => close({ kind: 'cancelled' })
    const release = joined([
      feed(question.stdin, keys, cancel),
      abortable(question.signal, cancel),
      countDown(question.deadlineMs, prompt, () => close({ kind: 'late' })),
    ])
    // A cancelled prompt rejects with the empty string, not with an Error.
    prompt.run().then(
      (text) => closed() && resolve({ kind: 'typed', text }),
      () => closed() && resolve({ kind: 'cancelled' }),
    )
  })
}

/**
 * A terminal's keys, without the terminal. readline, below enquirer, must not hold the real one: on Ctrl-C and Ctrl-D
 * it closes itself, so that the process ends without an answer, or (Node 24.2 and later, enquirer #483) throws where
 * nobody can catch it; and when the terminal goes away it throws that too.
 */
class Keys extends PassThrough {
  readonly isTTY = true
  readonly isRaw = true
  setRawMode(): this {
    return this
  }
}

function promptOn(keys: Keys, { message, output, colour, hidden }: LineQuestion): InputPrompt {
  return new (hidden === true ? Password : Input)({
    name: 'line',
    message,
    stdin: keys,
    // A terminal that does not know its size says 0, on which enquirer never ends the line.
    stdout: { write: (text: string) => output.write(text), columns: output.columns || widthMax },
    styles: { enabled: colour },
    // To hide the cursor, enquirer would take SIGINT and SIGTERM for itself and leave the process at once.
    cursorHide: () => undefined,
  })
}

/** Hands what is typed to the prompt; what ends a question never reaches it. */
function feed(stdin: ReadStream, keys: Keys, cancel: () => void): () => void {
  const onData = (chunk: Buffer | string) => {
    const text = chunk.toString()
    if (text.includes(ctrlC) || text.includes(ctrlD)) cancel()
    else keys.write(text.replaceAll(ctrlZ, ''))
  }
  stdin.setRawMode(true)
  stdin.on('data', onData).once('end', cancel).once('close', cancel).once('error', cancel)
  stdin.resume()
  return () => {
    stdin.off('data', onData).off('end', cancel).off('close', cancel).off('error', cancel)
    stdin.pause()
  }
}

function abortable(signal: AbortSignal, cancel: () => void): () => void {
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}

function countDown(deadlineMs: number | undefined, prompt: InputPrompt, late: () => void): () => void {
  if (deadlineMs === undefined) return () => undefined
  const timer = setTimeout(late, Math.max(0, deadlineMs - Date.now()))
  const ticking = setInterval(() => void prompt.render().catch(() => undefined), 1_000)
  return () => {
    clearTimeout(timer)
    clearInterval(ticking)
  }
}

function joined(releases: readonly (() => void)[]): () => void {
  return () => {
    for (const release of releases) release()
  }
}

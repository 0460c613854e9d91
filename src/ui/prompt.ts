import Enquirer from 'enquirer'

/** What came of a question: a line, or nothing because it was cancelled or its time was out. */
export type Typed = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'none' }

type Prompt = { run(): Promise<string>; cancel(): Promise<void>; readonly input?: unknown }

/**
 * One line from the terminal. Ctrl-C, the signal and the deadline end it without an answer. The only file that knows
 * enquirer, whose traps are dealt with here: Ctrl-C rejects with an empty string, and on Node 24.2 and later it also
 * throws ERR_USE_AFTER_CLOSE from a listener of its own.
 */
export async function askLine(
  message: string,
  until: { signal: AbortSignal; deadlineMs?: number },
): Promise<Typed> {
  const { Input } = Enquirer as unknown as { Input: new (options: object) => Prompt }
  const prompt = new Input({ message, stdout: process.stderr, stdin: process.stdin })
  const cancel = () => void prompt.cancel().catch(() => undefined)
  const timer =
    until.deadlineMs === undefined
      ? undefined
      : setTimeout(cancel, Math.max(0, until.deadlineMs - Date.now()))
  const forgive = (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_USE_AFTER_CLOSE') throw error
  }
  until.signal.addEventListener('abort', cancel, { once: true })
  process.on('uncaughtException', forgive)
  try {
    return { kind: 'line', text: await prompt.run() }
  } catch (reason) {
    if (reason === '' || reason === undefined) return { kind: 'none' }
    throw reason
  } finally {
    clearTimeout(timer)
    until.signal.removeEventListener('abort', cancel)
    // The listener that throws runs after the prompt has settled.
    setTimeout(() => process.off('uncaughtException', forgive), 50)
  }
}

/** True when a person sits there: both ends are terminals and no CI says otherwise. Piped input is not consent. */
export function someoneIsThere(env: Readonly<NodeJS.ProcessEnv> = process.env): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && (env['CI'] ?? '') === ''
}

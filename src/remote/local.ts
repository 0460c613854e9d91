import { $ } from 'zx/core'
import type { Command } from '../base/command.ts'
import { limits } from '../base/limits.ts'
import { Secret } from '../base/secret.ts'
import { capture } from './capture.ts'
import type { Outcome } from './remote.ts'
import { quote } from './render.ts'

/**
 * Runs a command on this workstation; never throws for its exit code (127: there is no such program).
 * On timeout or abort its process tree is killed and the outcome is Unknown.
 */
export async function runLocal(command: Command, signal?: AbortSignal): Promise<Outcome> {
  const startedAt = performance.now()
  const bytesMax = command.outputBytesMax ?? limits.outputBytesMax
  const [out, err] = [capture(bytesMax), capture(bytesMax)]
  const { stdin, timeoutMs } = command
  const input = stdin instanceof Secret ? stdin.reveal() : (stdin ?? '')
  // Our own quoting and plain sh: what zx quotes by itself only bash can read.
  const shell = $({
    shell: 'sh',
    prefix: '',
    postfix: '',
    quote,
    nothrow: true,
    quiet: true,
    verbose: false,
    input,
  })
  let why: 'timeout' | 'aborted' | undefined
  const running = shell`${[...command.argv]}`
  running.stdout.on('data', (bytes: Buffer) => out.add(bytes))
  running.stderr.on('data', (bytes: Buffer) => err.add(bytes))
  const stop = (reason: 'timeout' | 'aborted'): void => {
    why ??= reason
    running.kill('SIGKILL').catch(() => {
      // It was over already.
    })
  }
  const abort = (): void => stop('aborted')
  const timer = setTimeout(() => stop('timeout'), timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted === true) abort()
  const ended = await running
  clearTimeout(timer)
  signal?.removeEventListener('abort', abort)
  const durationMs = performance.now() - startedAt
  if (why !== undefined) {
    const reason = why === 'timeout' ? `did not end within ${timeoutMs} ms` : 'was stopped'
    return { kind: 'unknown', why, message: `here, "${command.says}" ${reason}; it was killed`, durationMs }
  }
  return {
    kind: 'finished',
    exitCode: ended.exitCode,
    ...(ended.signal === null ? {} : { signal: ended.signal }),
    stdout: out.text(),
    stderr: err.text(),
    truncated: out.truncated || err.truncated,
    durationMs,
  }
}

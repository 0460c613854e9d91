import { limits } from './limits.ts'
import type { Secret } from './secret.ts'

/**
 * A command for a host, as a value: built by steps, rendered and run by a Remote, printed by a dry run.
 * Nothing secret ever stands in `argv`; secrets go through `stdin`.
 */
export interface Command {
  readonly argv: readonly [string, ...string[]]
  /** What is written to the command's standard input, which is then closed. */
  readonly stdin?: string | Buffer | Secret
  readonly timeoutMs: number
  /** True when the command changes the host. Only commands that do not may be retried by a wrapper. */
  readonly mutates: boolean
  /** True when its output must not reach log or journal. */
  readonly sensitive?: boolean
  readonly outputBytesMax?: number
  /** True when it is repeated again and again: the log keeps its first time on a host, and those that do not end well. */
  readonly often?: boolean
  /** The hold it is sent under, set by a guarded door: the host runs it only while that is the one it knows. */
  readonly under?: { readonly leaseDir: string; readonly mine: string }
  /** What it is for, in a few words; the log and the plan print it. */
  readonly says: string
}

type Options = Partial<Pick<Command, 'stdin' | 'timeoutMs' | 'sensitive' | 'outputBytesMax' | 'often'>>

/** A command that changes nothing on the host. */
export function reads(says: string, argv: Command['argv'], options: Options = {}): Command {
  return { timeoutMs: limits.commandTimeoutMs, ...options, argv, says, mutates: false }
}

/** A command that changes the host. */
export function changes(says: string, argv: Command['argv'], options: Options = {}): Command {
  return { timeoutMs: limits.commandTimeoutMs, ...options, argv, says, mutates: true }
}

/**
 * The argv of a POSIX script: `args` arrive as $1, $2, … so that no value is ever pasted into its text.
 * `set -eu` is on: an unset variable or a failing line ends it.
 */
export function script(text: string, ...args: string[]): Command['argv'] {
  return ['sh', '-c', `set -eu\n${text.trim()}\n`, 'evha', ...args]
}

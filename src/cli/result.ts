import type { ExitCode } from './exit-codes.ts'
import type { Json } from './json/schema.ts'
import type { Shared } from './shared-options.ts'

/** What a command has to say on stdout, in both forms, and how the process ends. */
export interface Result {
  readonly exitCode: ExitCode
  /** The one object of `--json`; null when all of it was printed as it came. */
  readonly json: Json | null
  /** The same for a person. */
  readonly text: string
  /** What is said on stderr once the data is out: how to go on. */
  readonly last?: readonly string[]
}

/** Runs a command's work with the shared options; its result is printed in one place. */
export type Act = (work: (shared: Shared) => Promise<Result> | Result) => Promise<void>

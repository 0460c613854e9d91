import { EvhaError, type Failure, failureOf } from '../base/errors.ts'
import { failureLines } from '../ui/failure-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { exitCodeOf } from './exit-codes.ts'
import { jsonOf } from './json/schema.ts'
import { talk } from './output.ts'
import type { Result } from './result.ts'
import type { Shared } from './shared-options.ts'

/** Where a failure happened, as far as it is known by then. */
export interface FailedIn {
  readonly shared: Pick<Shared, 'color' | 'verbose'>
  readonly run?: { readonly id: string; readonly log: string; readonly resume: string }
}

/** Says what went wrong on stderr, and makes it the command's result: a sentence, never a bare stack. */
export function failed(thrown: unknown, { shared, run }: FailedIn): Result {
  const expected = thrown instanceof EvhaError
  const failure = expected ? failureOf(thrown) : surprise(thrown, run)
  const palette = paletteOf(wantsColour(process.stderr, process.env, shared.color))
  const [first = '', ...rest] = failureLines(failure, palette)
  const lines = [`evha: ${first}`, ...rest]
  if (run !== undefined) lines.push(`  log: ${run.log}`)
  if (shared.verbose && thrown instanceof Error) lines.push(...stackLines(thrown))
  talk(lines)
  const error = run === undefined ? { error: failure } : { error: failure, run: run.id }
  return { exitCode: exitCodeOf(failure), json: jsonOf('error', error), text: '' }
}

function surprise(thrown: unknown, run: FailedIn['run']): Failure {
  const failure = failureOf(thrown)
  if (run !== undefined) return { ...failure, hint: `this is a defect of evha; go on with: ${run.resume}` }
  return { ...failure, hint: 'this is a defect of evha; the same command with -v says where' }
}

function stackLines(error: Error): string[] {
  const lines = (error.stack ?? error.message).split('\n').map((line) => `  ${line}`)
  return error.cause instanceof Error ? [...lines, '  caused by', ...stackLines(error.cause)] : lines
}

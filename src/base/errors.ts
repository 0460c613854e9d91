/**
 * The closed set of ways evha fails. Above the adapters nothing looks at error texts:
 * the kind decides the exit code, `changedAnything` what the operator must think of, `hint` what to type.
 */
export type FailureKind =
  /** The command line or a runbook is wrong; nothing was done. */
  | 'usage'
  /** A preflight check blocks; nothing was changed. */
  | 'blocked'
  /** A host did not answer, or the link was lost. */
  | 'unreachable'
  /** A host refused the login. */
  | 'refused'
  /** A host's key is unknown, changed or revoked. */
  | 'hostKey'
  /** A wait ran out. */
  | 'timeout'
  /** The window's budget is spent. */
  | 'budget'
  /** A step did what it could and its verify does not hold. */
  | 'failed'
  /** Evidence contradicts itself: nobody but a human may go on. */
  | 'contradiction'
  /** Somebody else holds the run. */
  | 'locked'
  /** The run waits for an approval, or it was declined. */
  | 'waiting'
  /** Ctrl-C, `pause` or `abort` from elsewhere. */
  | 'interrupted'

export type Changed = 'no' | 'yes' | 'unknown'

/** A failure as plain data: what the journal keeps and the report prints. */
export interface Failure {
  readonly kind: FailureKind
  /** One sentence: what happened, and on which host. */
  readonly message: string
  readonly changedAnything: Changed
  /** True when the same command, typed again, may succeed. */
  readonly retryable: boolean
  /** What to type or look at next. */
  readonly hint: string
}

/** The only error evha throws on purpose. */
export class EvhaError extends Error implements Failure {
  readonly kind: FailureKind
  readonly changedAnything: Changed
  readonly retryable: boolean
  readonly hint: string

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options)
    this.name = 'EvhaError'
    this.kind = failure.kind
    this.changedAnything = failure.changedAnything
    this.retryable = failure.retryable
    this.hint = failure.hint
  }
}

/** Any thrown value as a Failure; a surprise keeps its message and counts as `unknown`. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof EvhaError) {
    const { kind, message, changedAnything, retryable, hint } = thrown
    return { kind, message, changedAnything, retryable, hint }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return {
    kind: 'failed',
    message: `unexpected: ${message}`,
    changedAnything: 'unknown',
    retryable: true,
    hint: 'this is a defect of evha: look at the run log, then `evha resume`',
  }
}

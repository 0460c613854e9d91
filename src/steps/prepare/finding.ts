/** One thing `check` found. */
export interface Finding {
  readonly level: 'blocks' | 'warns' | 'notes'
  readonly host: string
  readonly what: string
  /** What was looked at, and what it gave. */
  readonly evidence: string
  readonly why: string
  /** The command or edit that cures it. */
  readonly cure: string
  /** What `check --fix` does about it; only what can be undone and disturbs nothing that runs. */
  readonly fix?: Fix
}

/** A cure that evha can do itself. */
export interface Fix {
  /** In this order; each is safe to repeat. */
  readonly commands: readonly (readonly [string, ...string[]])[]
  /** The command that takes it back. */
  readonly undo: string
}

type Make = (host: string, what: string, why: string, cure: string, evidence: string) => Finding

const make =
  (level: Finding['level']): Make =>
  (host, what, why, cure, evidence) => ({ level, host, what, evidence, why, cure })

export const blocks = make('blocks')
export const warns = make('warns')

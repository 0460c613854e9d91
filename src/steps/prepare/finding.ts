/** One thing `check` found. */
export interface Finding {
  readonly level: 'blocks' | 'warns' | 'notes'
  readonly host: string
  readonly what: string
  readonly why: string
  /** The command or edit that cures it. */
  readonly cure: string
}

export const blocks = (host: string, what: string, why: string, cure: string): Finding => ({
  level: 'blocks',
  host,
  what,
  why,
  cure,
})

export const warns = (host: string, what: string, why: string, cure: string): Finding => ({
  level: 'warns',
  host,
  what,
  why,
  cure,
})

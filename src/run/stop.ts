import type { Failure } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'

/** Why the engine put the run down. The state in the journal says the rest. */
export type Stop =
  | { readonly why: 'end' }
  | { readonly why: 'failed'; readonly failure: Failure }
  /** Somebody else holds the run now: nothing more is done, and nothing more is written. */
  | { readonly why: 'lost'; readonly failure: Failure }
  | { readonly why: 'waiting'; readonly gate: Gate }
  | { readonly why: 'paused' }
  | { readonly why: 'tooLateToAbort' }

import type { Failure } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'

/** Why the engine put the run down. The state in the journal says the rest. */
export type Stop =
  | { readonly why: 'end' }
  | { readonly why: 'failed'; readonly failure: Failure }
  | { readonly why: 'waiting'; readonly gate: Gate }
  | { readonly why: 'paused' }
  | { readonly why: 'tooLateToAbort' }

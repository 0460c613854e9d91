import { EvhaError } from '../src/base/errors.ts'

/** What a door to a host throws that does not answer, before anything was done there. */
export const unreachable = (message: string): EvhaError =>
  new EvhaError({
    kind: 'unreachable',
    message,
    changedAnything: 'no',
    retryable: true,
    hint: 'bring the link back',
  })

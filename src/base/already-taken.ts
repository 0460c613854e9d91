import { EvhaError } from './errors.ts'

/** The decision on the source is another run's: there is no single sequencer any more to begin from. */
export const alreadyTaken = (host: string, run: string): EvhaError =>
  new EvhaError({
    kind: 'blocked',
    message: `${host}: the run ${run} has already taken this chain to a cluster`,
    changedAnything: 'no',
    retryable: false,
    hint: `\`evha status ${run}\` where it was begun shows how it stands`,
  })

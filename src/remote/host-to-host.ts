import { finished } from 'node:stream/promises'
import { failureOf } from '../base/errors.ts'
import { endOf, type NotStarted, type RelayEnd } from './relay.ts'
import type { Outcome } from './remote.ts'

export interface HostToHostResult {
  readonly from: Outcome
  /** In the order of the destinations given. */
  readonly to: readonly (Outcome | NotStarted)[]
}

export interface HostToHostOptions {
  /** Hears what the source says on its stdout, as it comes. */
  readonly onSaid: (text: string) => void
  /** Asked once the source is over: whether the stream reached this destination whole; others are ended. */
  readonly arrived: (k: number) => boolean
}

/**
 * Commands on several hosts that hand a stream to each other without the workstation: all destinations are started,
 * then the source. As with a relay, a destination that did not get all of it is ended, so that half a stream never looks
 * like a whole one. Throws EvhaError when the source can not be started; the destinations are ended then.
 */
export async function hostToHost(
  from: RelayEnd,
  to: readonly RelayEnd[],
  signal: AbortSignal | undefined,
  { onSaid, arrived }: HostToHostOptions,
): Promise<HostToHostResult> {
  const stopSource = new AbortController()
  const stops = to.map(() => new AbortController())
  const stopAll = (): void => {
    for (const one of [stopSource, ...stops]) one.abort()
  }
  signal?.addEventListener('abort', stopAll, { once: true })
  if (signal?.aborted === true) stopAll()
  const ends = to.map((end, k) => runHere(end, stops[k]?.signal))
  try {
    const source = await from.remote.stream(from.command, stopSource.signal)
    // Its input goes with the command; an end of it here would be none there.
    if (from.command.stdin === undefined) source.stdin.end()
    source.stdout.on('data', (bytes: Buffer) => onSaid(bytes.toString('utf8')))
    source.stdout.on('error', () => {
      // The end of the command tells.
    })
    const emptied = finished(source.stdout, { writable: false }).catch(() => undefined)
    const outcome = await source.done
    if (outcome.kind === 'finished') await emptied
    stops.forEach((stop, k) => {
      if (outcome.kind !== 'finished' || !arrived(k)) stop.abort()
    })
    return { from: outcome, to: await Promise.all(ends) }
  } catch (error) {
    stopAll()
    await Promise.all(ends)
    throw error
  } finally {
    signal?.removeEventListener('abort', stopAll)
  }
}

/** Never rejects: what could not be started is an end of its own. */
async function runHere(end: RelayEnd, signal: AbortSignal | undefined): Promise<Outcome | NotStarted> {
  try {
    return await endOf(await end.remote.stream(end.command, signal), end.command)
  } catch (error) {
    return { kind: 'notStarted', failure: failureOf(error) }
  }
}

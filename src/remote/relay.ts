import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../base/command.ts'
import { type Failure, failureOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { capture, drain } from './capture.ts'
import type { Outcome, Remote, Running } from './remote.ts'

/** One end of a relay: a command on a host. */
export interface RelayEnd {
  readonly remote: Remote
  readonly command: Command
}

/** A destination that never started: nothing happened on it. */
export interface NotStarted {
  readonly kind: 'notStarted'
  readonly failure: Failure
}

export interface RelayResult {
  /** Bytes read from the source. */
  readonly bytes: number
  readonly from: Outcome
  /** In the order of the destinations given. */
  readonly to: readonly (Outcome | NotStarted)[]
}

export interface RelayOptions {
  /** Hears how many bytes went through so far. */
  readonly onBytes?: (bytes: number) => void
  /** Reads no faster than this, on the average since the start. */
  readonly bytesPerSecondMax?: number
}

interface Destination {
  readonly running: Running
  readonly ended: Promise<Outcome | NotStarted>
  over: boolean
}

/**
 * The stdout of a command on one host into the stdin of commands on others, at the pace of the slowest.
 * A destination that dies is left behind. Only a source that exits 0 lets the destinations see the end of
 * their input; else they are killed, so that half a stream never looks like a whole one.
 * (A destination whose own link is lost sees an end all the same: what lays files has to check a size or digest.)
 * Throws EvhaError when the source cannot be started; the destinations are killed then.
 */
export async function relay(
  from: RelayEnd,
  to: readonly RelayEnd[],
  signal?: AbortSignal,
  options: RelayOptions = {},
): Promise<RelayResult> {
  const [stopSource, stopDestinations] = [new AbortController(), new AbortController()]
  const stopAll = (): void => {
    stopSource.abort()
    stopDestinations.abort()
  }
  signal?.addEventListener('abort', stopAll, { once: true })
  if (signal?.aborted === true) stopAll()
  try {
    const opened = await Promise.all(to.map((end) => openDestination(end, stopDestinations.signal)))
    const live = opened.flatMap((one) => ('kind' in one ? [] : one))
    const source = await from.remote.stream(from.command, stopSource.signal)
    source.stdin.end()
    const count = pump(source, live, () => stopSource.abort(), options)
    const emptied = finished(source.stdout, { writable: false }).catch(() => undefined)
    const outcome = await source.done
    if (outcome.kind === 'finished' && outcome.exitCode === 0) {
      // Its end may be seen while the last of what it said still waits here, behind a pause.
      await emptied
      for (const { running } of live) running.stdin.end()
    } else {
      stopDestinations.abort()
    }
    const ends = await Promise.all(opened.map((one) => ('kind' in one ? one : one.ended)))
    return { bytes: count(), from: outcome, to: ends }
  } catch (error) {
    stopAll()
    throw error
  } finally {
    signal?.removeEventListener('abort', stopAll)
  }
}

async function openDestination(end: RelayEnd, signal: AbortSignal): Promise<Destination | NotStarted> {
  let running: Running
  try {
    running = await end.remote.stream(end.command, signal)
  } catch (error) {
    return { kind: 'notStarted', failure: failureOf(error) }
  }
  const ended = endOf(running, end.command).finally(() => {
    destination.over = true
  })
  const destination: Destination = { running, ended, over: false }
  return destination
}

/** The end of a command that takes a stream, with what it said; never rejects. */
export async function endOf(running: Running, command: Command): Promise<Outcome | NotStarted> {
  const out = capture(command.outputBytesMax ?? limits.outputBytesMax)
  drain(running.stdout, out)
  try {
    const outcome = await running.done
    if (outcome.kind === 'unknown') return outcome
    return { ...outcome, stdout: out.text(), truncated: outcome.truncated || out.truncated }
  } catch (error) {
    return { kind: 'notStarted', failure: failureOf(error) }
  }
}

/** Starts the flow and returns the byte counter. The source pauses until every live destination has room again. */
function pump(
  source: Running,
  to: readonly Destination[],
  stopSource: () => void,
  { onBytes, bytesPerSecondMax }: RelayOptions,
): () => number {
  const startedMs = performance.now()
  const allEnded = Promise.all(to.map(({ ended }) => ended))
  let bytes = 0
  source.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    onBytes?.(bytes)
    const live = to.filter(({ over }) => !over)
    if (live.length === 0) return stopSource()
    const full = live.filter(({ running }) => running.stdin.writable && !running.stdin.write(chunk))
    const early =
      bytesPerSecondMax === undefined
        ? 0
        : (bytes / bytesPerSecondMax) * 1_000 - (performance.now() - startedMs)
    if (full.length === 0 && early < shortestPauseMs) return
    source.stdout.pause()
    const pause = early < shortestPauseMs ? [] : [Promise.race([sleep(early), allEnded])]
    void Promise.all([...full.map(room), ...pause]).then(() => source.stdout.resume())
  })
  void allEnded.then(stopSource)
  return () => bytes
}

/** A limit may be missed by so much before it is worth a pause. */
const shortestPauseMs = 5

/** Until the destination takes more, or is over: a closed channel never says that it drained. */
async function room({ running, ended }: Destination): Promise<void> {
  const drained = new Promise((resolve) => running.stdin.once('drain', resolve))
  await Promise.race([drained, ended])
}

import { EvhaError } from '../../base/errors.ts'
import type { LogEvent } from '../../evnode/logs.ts'
import { must } from '../ask.ts'
import type { Replayed } from '../facts.ts'
import { eventsIn } from '../host/log.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import type { Host, StepContext } from '../step.ts'

/** What the process of a node has logged since its start; nothing where that can not be read now. */
export async function eventsSinceStart(context: StepContext, host: Host): Promise<readonly LogEvent[]> {
  try {
    const { invocation } = readUnit(await must(context, host, showUnit(host.spec.unit)))
    return await eventsIn(context, host, invocation)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || context.signal.aborted) throw thrown
    return []
  }
}

/** Seen only where the node said both: that its client was ahead, and that the way back was taken. */
export function takenBackIn(events: readonly LogEvent[]): { from: number; to: number } | null {
  const ahead = events.find((event) => event.kind === 'clientAhead')
  const back = events.find((event) => event.kind === 'clientTakenBack')
  return ahead?.kind === 'clientAhead' && back?.kind === 'clientTakenBack'
    ? { from: ahead.height, to: back.target }
    : null
}

/** What the node replayed to its client before it led, and how long that took, by its own clock; null where it replayed nothing. */
export function replayedIn(events: readonly LogEvent[]): Replayed | null {
  const behind = events.find((event) => event.kind === 'clientBehind')
  const caughtUp = events.find((event) => event.kind === 'clientCaughtUp')
  if (caughtUp?.kind !== 'clientCaughtUp' || behind?.atMs === undefined || caughtUp.atMs === undefined)
    return null
  return { blocks: caughtUp.blocks, tookMs: Math.max(0, caughtUp.atMs - behind.atMs) }
}

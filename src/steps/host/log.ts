import { type LogEvent, readLog } from '../../evnode/logs.ts'
import { must } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'
import { logOf } from './systemd.ts'

/** What one invocation of a unit logged, as far as evha cares, oldest first. */
export async function eventsIn(
  context: StepContext,
  host: Host,
  invocation: string,
): Promise<readonly LogEvent[]> {
  if (invocation === '') return []
  return readLog(await must(context, host, logOf(invocation)))
}

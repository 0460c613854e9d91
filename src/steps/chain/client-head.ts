import type { Host, StepContext } from '../step.ts'
import { clientOf, executionOn } from './execution.ts'

/** For one question to a client on its own host. */
const timeoutMs = 3_000

/** The newest block of a node's execution client; null while it tells none. */
export async function clientHeadOf(context: StepContext, host: Host): Promise<number | null> {
  const client = clientOf(context, host)
  const answer = client === null ? undefined : await executionOn(context, host, client, timeoutMs)?.head()
  return answer?.kind === 'ok' ? answer.value : null
}

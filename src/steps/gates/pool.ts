import type { ExecutionPool } from '../../evnode/execution-rpc.ts'
import type { Answer } from '../../evnode/rpc.ts'
import { silence } from '../chain/client-stand.ts'
import { clientOf, executionOn } from '../chain/execution.ts'
import type { Weighed } from '../facts.ts'
import type { StepContext } from '../step.ts'

const timeoutMs = 3_000

/**
 * What waits in the pool of the source's execution client: no other client has it, and Raft replicates blocks, not pools
 * (evnode.md B 10). Shown, not bound: it moves. No row, and nothing is asked, on a chain without such clients.
 */
export async function poolRows(context: StepContext): Promise<Weighed['evidence']> {
  const { source } = context
  const client = clientOf(context, source)
  const rpc = client === null ? null : executionOn(context, source, client, timeoutMs)
  return rpc === null ? [] : [['pool', poolInWords(source.spec.name, await rpc.pool())]]
}

/** What to do about it stands with it: the hook that may drain it is the last one while the chain still runs. */
export function poolInWords(name: string, answer: Answer<ExecutionPool>): string {
  if (answer.kind === 'refused')
    return `the execution client of ${name} does not tell what waits in its pool (txpool_status: ${answer.message}); what does stays there; drain it in hooks.beforeCutover if that matters`
  if (answer.kind !== 'ok')
    return `the execution client of ${name} ${silence(answer)}; what waits in its pool stays there`
  const { pending, queued } = answer.value
  if (pending + queued === 0) return `empty at the execution client of ${name}`
  return `${pending + queued} transactions wait in the execution client of ${name} (${pending} pending, ${queued} queued) and stay there; drain them in hooks.beforeCutover, or have them sent again to a member`
}

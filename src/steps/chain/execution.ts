import type { ExecutionClient } from '../../evnode/execution.ts'
import { type ExecutionRpc, executionRpc } from '../../evnode/execution-rpc.ts'
import { type UrlTarget, urlTarget } from '../../evnode/json-rpc.ts'
import type { Open } from '../../evnode/rpc.ts'
import type { Host, StepContext } from '../step.ts'

/** A node's client: by its own entry in the runbook, else by the flags of the sequencer's unit. */
export const clientOn = ({ spec }: Host, client: ExecutionClient): ExecutionClient => ({
  ...client,
  ...spec.execution,
})

/** The same in a run, by what check saw; null on a chain whose node drives no execution client. No host is asked. */
export function clientOf({ facts }: Pick<StepContext, 'facts'>, host: Host): ExecutionClient | null {
  const seen = facts.check?.execution
  return seen === undefined ? null : clientOn(host, seen)
}

/** A stream to where a URL leads, through the connection of its host. */
export const openOn =
  ({ remote }: Host, { host, port }: UrlTarget): Open =>
  () =>
    remote.tunnel({ host, port })

/** The JSON-RPC of a host's client; null for an address that is no URL. `timeoutMs` is for one question. */
export function executionOn(
  { signal }: Pick<StepContext, 'signal'>,
  host: Host,
  { ethUrl }: Pick<ExecutionClient, 'ethUrl'>,
  timeoutMs: number,
): ExecutionRpc | null {
  const target = urlTarget(ethUrl)
  return target === undefined ? null : executionRpc(openOn(host, target), target, { timeoutMs, signal })
}

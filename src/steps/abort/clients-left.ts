import { askClient, silence } from '../chain/client-stand.ts'
import { clientOf } from '../chain/execution.ts'
import type { Host, StepContext } from '../step.ts'

const timeoutMs = 3_000

/**
 * What the peers' execution clients hold after an abort, a sentence each: no node runs there any more that would take one
 * back. Reads only, and never fails. Empty on a chain without such clients.
 */
export async function clientsLeft(context: StepContext): Promise<readonly string[]> {
  if (context.onPaper || clientOf(context, context.source) === null) return []
  return Promise.all(
    context.peers.map(async (peer) => `${peer.spec.name}: its execution client ${await left(context, peer)}`),
  )
}

async function left(context: StepContext, peer: Host): Promise<string> {
  const { source } = context
  const { latest } = await askClient(context, peer, 0, timeoutMs)
  if (latest.kind !== 'ok') return `${silence(latest)}; what it holds was not seen`
  const { number, hash } = latest.value
  const { asked } = await askClient(context, source, number, timeoutMs)
  if (asked.kind === 'missing')
    return `is at block ${number}, ahead of the chain: the next node that is started there takes it back by itself`
  if (asked.kind !== 'ok')
    return `keeps its blocks up to ${number}; that of ${source.spec.name} ${silence(asked)}, so they were not compared`
  return asked.value.hash === hash
    ? `keeps the chain up to block ${number}; a later run goes on from there`
    : `has another block ${number} than that of ${source.spec.name}: before a later run take its data away, and let it follow the chain anew`
}
